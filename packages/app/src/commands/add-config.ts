import { Argument, type Command, Option } from 'commander';

/** Adds `guts config`. */
export function addConfig(program: Command): void {
  const config = program.command('config').summary('Shows and checks the configuration');
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
    .action(async ({ format }: { format: 'yaml' | 'markdown' }) => {
      const { writeReference } = await import('./config.ts');
      writeReference(format, process.stdout);
    });
}
