import { addClientCommands } from '@guts/cli';
import { Command, InvalidArgumentError } from 'commander';
import { addConfig } from './commands/add-config.ts';
import { addPolicy } from './commands/add-policy.ts';
import { addSecret } from './commands/add-secret.ts';
import { addMigrate } from './commands/migrate.ts';
import type { SimulateOptions } from './commands/simulate.ts';
import { VERSION } from './version.ts';

/** Daemon commands, loaded only when one of them is called: start-up stays cheap for the client. */
function addDaemons(program: Command): void {
  const daemon = (name: 'all' | 'api' | 'scheduler' | 'migration', summary: string): void => {
    program
      .command(name)
      .summary(summary)
      .description(`${summary}. Stops cleanly on SIGTERM or SIGINT; a second signal ends it at once.`)
      .option('--config <file>', 'configuration file (YAML); GUTS_CONFIG')
      .action(async (options: { config?: string }) => {
        const { runDaemon } = await import('./commands/daemon.ts');
        await runDaemon(name, options.config ?? null, process.env);
      });
  };
  daemon('all', 'Runs guts-api, guts-scheduler and one worker in this process');
  daemon('api', 'Runs guts-api');
  daemon('scheduler', 'Runs guts-scheduler');
  daemon('migration', 'Migrations; without a subcommand: runs one worker (guts-migration)');
  const db = program.command('db').summary('Looks after the database');
  for (const [name, summary] of [
    ['upgrade', 'Brings the schema up to this version'],
    ['check', 'Tells whether the schema is the one this version needs'],
  ] as const) {
    db.command(name)
      .summary(summary)
      .description(summary)
      .option('--config <file>', 'configuration file (YAML); GUTS_CONFIG')
      .action(async (options: { config?: string }) => {
        const { runDb } = await import('./commands/db.ts');
        const { json } = program.opts<{ json: boolean }>();
        await runDb(name, options.config ?? null, process.env, { json, out: process.stdout });
      });
  }
}

const count = (given: string): number => {
  const value = Number(given);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('A whole number above 0 is needed.');
};

function addSimulate(program: Command): void {
  program
    .command('simulate')
    .summary('Runs the scheduler on a virtual clock, and compares it with the best there can be')
    .description(
      'Runs thousands of made-up migrations over workers that do not exist, by the very decisions that guts-scheduler makes, and tells makespan, utilisation, fairness and waiting times. The same seed gives the same answer on every machine.',
    )
    .option('--mix <name...>', 'kinds of work; all when left out', [])
    .option('--migrations <count>', 'how many', count, 10_000)
    .option('--workers <count>', 'how many', count, 200)
    .option('--slots <count>', 'migrations at once per worker', count, 4)
    .option('--seed <number>', 'of the random numbers', count, 1)
    .option('--round <seconds>', 'between two rounds', count, 5)
    .option('--config <file>', 'take the limits of this configuration (default: no limit on the vCenter)')
    .action(async (options: SimulateOptions) => {
      const { runSimulate } = await import('./commands/simulate.ts');
      const { json } = program.opts<{ json: boolean }>();
      runSimulate(options, json, { out: process.stdout, err: process.stderr, env: process.env });
    });
}

/**
 * Every command of `guts`.
 * @param json errors are told by whoever catches what is thrown; nothing else is written to standard error
 */
export function createProgram(json: boolean): Command {
  const program = new Command('guts')
    .description('Moves virtual machines from VMware vSphere to OpenStack, and never loses one.')
    .exitOverride()
    .version(VERSION)
    .showHelpAfterError('(guts --help shows what there is)');
  if (json) program.configureOutput({ writeErr: () => undefined });
  const setExitCode = (code: number): void => {
    process.exitCode = code;
  };
  addDaemons(program);
  addConfig(program);
  addSecret(program);
  addSimulate(program);
  addPolicy(program, setExitCode);
  addMigrate(program, setExitCode);
  addClientCommands(program, {
    env: process.env,
    fetch,
    out: process.stdout,
    tokenFile: async () => (await import('./config.ts')).loadConfig(null, process.env).tokenFile,
    openLogin: async (choice, signal) => {
      const { openLogin } = await import('./wiring/keystone.ts');
      const { askUnseen } = await import('./one-shot/password.ts');
      const { stdin, stderr } = process;
      return openLogin(choice, signal, stdin.isTTY ? (question) => askUnseen(question, stdin, stderr) : null);
    },
    setExitCode,
  });
  return program;
}
