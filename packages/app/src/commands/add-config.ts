import { examples } from '@guts/cli/start';
import { Argument, type Command, Option } from 'commander';

/** Fills `guts config`. */
export function addConfig(program: Command, config: Command): void {
  const option = ['--config <file>', 'configuration file (YAML); GUTS_CONFIG'] as const;
  const around = () => ({
    env: process.env,
    json: program.opts<{ json: boolean }>().json,
    out: process.stdout,
    err: process.stderr,
  });
  config
    .command('show')
    .summary('Tells every value in effect and where it comes from')
    .description('Tells every value in effect and where it comes from. Passwords in addresses are masked.')
    .option(...option)
    .addHelpText('after', examples('guts config show --config /etc/guts/guts.yaml'))
    .action(async (options: { config?: string }) => {
      const { showConfig } = await import('./config.ts');
      showConfig(options.config ?? null, around());
    });
  config
    .command('check')
    .summary('Tells all that is wrong with a configuration')
    .description(
      'Tells all that is wrong with a configuration file and the environment, without opening a connection. The exit code is 2 when something is; what is merely odd is a warning.',
    )
    .addArgument(new Argument('[file]', 'configuration file; default: as --config and GUTS_CONFIG say'))
    .option(...option)
    .addHelpText('after', examples('guts config check /etc/guts/guts.yaml'))
    .action(async (file: string | undefined, options: { config?: string }) => {
      const { checkConfig } = await import('./config.ts');
      checkConfig(file ?? options.config ?? null, around());
    });
  config
    .command('reference')
    .summary('Writes every setting with its meaning and default')
    .description('Writes every setting with its meaning and default.')
    .addOption(
      new Option('--format <format>', 'a configuration file with everything commented out, or a page')
        .choices(['yaml', 'markdown'])
        .default('yaml'),
    )
    .addHelpText('after', examples('guts config reference > guts.yaml'))
    .action(async ({ format }: { format: 'yaml' | 'markdown' }) => {
      const { writeReference } = await import('./config.ts');
      writeReference(format, process.stdout);
    });
}
