import { examples } from '@guts/cli/start';
import type { Command } from 'commander';

export interface PolicyCheckOptions {
  readonly config?: string;
  readonly role: readonly string[];
  readonly rule?: string;
  readonly system: boolean;
}
export interface PolicyShowOptions {
  readonly config?: string;
  readonly sample: boolean;
}

const CONFIG = ['--config <file>', 'configuration file (YAML); GUTS_CONFIG'] as const;

/** Fills `guts policy`. */
export function addPolicy(program: Command, policy: Command, setExitCode: (code: number) => void): void {
  const output = () => ({ json: program.opts<{ json: boolean }>().json, out: process.stdout });
  policy
    .command('show')
    .summary('Shows the rules in force, and what each decides about')
    .description('Writes the rules in force as a policy file, with what each decides about.')
    .option(...CONFIG)
    .option('--sample', 'a policy file to begin with: all rules as built in, commented out', false)
    .addHelpText('after', examples('guts policy show --sample > policy.yaml'))
    .action(async (options: PolicyShowOptions) => {
      const { showPolicy } = await import('./policy.ts');
      showPolicy(options, process.env, output());
    });
  policy
    .command('check')
    .argument('[file]', 'policy file; default: policy_file of the configuration')
    .summary('Checks a policy file, or what a role may do by it')
    .description(
      'Refuses what cannot be read, is unknown, is used by nothing or refers to itself. With --role it tells for each rule whether a token with these roles passes; name all that the token would have, also the implied ones.',
    )
    .option(...CONFIG)
    .option('--role <name...>', 'roles of a token', [])
    .option('--rule <name>', 'only this rule; the exit code is 4 when the token does not pass')
    .option('--system', 'the token is of the whole system, not of the project', false)
    .addHelpText(
      'after',
      examples('guts policy check policy.yaml', 'guts policy check policy.yaml --role member reader'),
    )
    .action(async (file: string | undefined, options: PolicyCheckOptions) => {
      const { checkPolicy } = await import('./policy.ts');
      setExitCode(checkPolicy(file ?? null, options, process.env, output()));
    });
}
