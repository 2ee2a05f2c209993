import { addClientCommands, type ClientParts, examples, LazyGroups } from '@guts/cli/start';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { DoctorOptions } from './commands/doctor.ts';
import type { InitOptions } from './commands/init.ts';
import type { SimulateOptions } from './commands/simulate.ts';
import { VERSION } from './version.ts';
import { httpFetch } from './wiring/http-fetch.ts';

/** Daemon commands, loaded only when one of them is called: start-up stays cheap for the client. */
function addDaemons(program: Command): void {
  const daemon = (name: 'all' | 'api' | 'scheduler' | 'migration', summary: string): void => {
    program
      .command(name)
      .summary(summary)
      .description(`${summary}. Stops cleanly on SIGTERM or SIGINT; a second signal ends it at once.`)
      .option('--config <file>', 'configuration file (YAML); GUTS_CONFIG')
      .addHelpText('after', examples(`guts ${name} --config /etc/guts/guts.yaml`))
      .action(async (options: { config?: string }) => {
        const { runDaemon } = await import('./commands/daemon.ts');
        await runDaemon(name, options.config ?? null, process.env, process.stdout);
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
      .addHelpText('after', examples(`guts db ${name} --config /etc/guts/guts.yaml`))
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
    .addHelpText(
      'after',
      examples('guts simulate --migrations 1000 --workers 20', 'guts simulate --config /etc/guts/guts.yaml'),
    )
    .action(async (options: SimulateOptions) => {
      const { runSimulate } = await import('./commands/simulate.ts');
      const { json } = program.opts<{ json: boolean }>();
      runSimulate(options, json, { out: process.stdout, err: process.stderr, env: process.env });
    });
}

/** What an operator begins with. */
function addSetUp(program: Command, parts: ClientParts): void {
  program
    .command('init')
    .summary('Writes the configuration, in a short dialogue')
    .description(
      'Asks for what GUTS needs to know, tries each answer, and writes the configuration file (0600). With --yes nothing is asked: what no option says is as it is by default.',
    )
    .option('--config <file>', 'file to write; GUTS_CONFIG (default: guts.yaml in the state folder)')
    .option('--state-dir <folder>', 'where database, key and token lie')
    .option('--database-url <url>', 'postgresql://user@host/db or mariadb://user@host/db (default: SQLite)')
    .option('--database-password-file <file>', 'file whose first line is the password')
    .option('--bus-url <url>', 'amqp://user@host/vhost or amqps://… (default: none is needed)')
    .option('--bus-password-file <file>', 'file whose first line is the password')
    .option('--auth <how>', 'who may call: local (the bearer of the token file) or keystone')
    .option('--keystone-cloud <entry>', 'entry of clouds.yaml of the service user of guts-api')
    .option('--keystone-clouds-file <file>', 'that clouds.yaml')
    .option('--listen-host <address>', 'address of guts-api')
    .option('--listen-port <port>', 'port of guts-api')
    .option('--yes', 'asks nothing', false)
    .option('--force', 'writes over a file that is there', false)
    .addHelpText(
      'after',
      examples(
        'guts init',
        'guts init --yes --config /etc/guts/guts.yaml --state-dir /var/lib/guts --database-url postgresql://guts@db.example.org/guts --database-password-file /etc/guts/database-password',
      ),
    )
    .action(async (options: InitOptions) => {
      const { runInit } = await import('./commands/init.ts');
      await runInit(options, {
        env: process.env,
        out: process.stdout,
        input: process.stdin,
        prompts: process.stderr,
      });
    });
  program
    .command('doctor')
    .summary('Checks everything that a migration needs, and says how to mend each')
    .description(
      'Checks this host and its configuration, database, message bus and tools; and, when a guts-api answers, the daemons, and every source and destination by a worker. Ends with 1 when something is not as it must be.',
    )
    .option('--config <file>', 'configuration file (YAML); GUTS_CONFIG')
    .addOption(
      new Option('-f, --format <format>', 'how to write it').choices(['table', 'json']).default('table'),
    )
    .addHelpText('after', examples('guts doctor', 'guts doctor --config /etc/guts/guts.yaml -f json'))
    .action(async (options: DoctorOptions) => {
      const { runDoctor } = await import('./commands/doctor.ts');
      parts.setExitCode(await runDoctor(program, options, parts));
    });
}

/** As `--help` of the command: Commander's own would know nothing of commands that are not loaded yet. */
function addHelp(program: Command): void {
  program
    .command('help [command...]')
    .summary('shows how a command is used')
    .description('Shows how a command is used, as the option --help of that command does.')
    .addHelpText('after', examples('guts help migration', 'guts help migration create'))
    .action(async (words: string[]) => {
      await program.parseAsync([...words, '--help'], { from: 'user' });
    });
}

function build(json: boolean): { program: Command; groups: LazyGroups } {
  const program = new Command('guts')
    .description('Moves virtual machines from VMware vSphere to OpenStack, and never loses one.')
    .exitOverride()
    .version(VERSION)
    .showHelpAfterError('(guts --help shows what there is)')
    .addHelpText(
      'after',
      `${examples('guts init', 'guts all', 'guts doctor', 'guts migration list', 'guts help migration create')}

Exit codes: 0 done; 1 failed; 2 usage or configuration; 3 not found; 4 not allowed; 5 conflict; 6 blocked by preflight;
7 source; 8 destination; 9 disk data; 10 boot not proven; 11 try again later.`,
    );
  if (json) program.configureOutput({ writeErr: () => undefined });
  const groups = new LazyGroups(program);
  const setExitCode = (code: number): void => {
    process.exitCode = code;
  };
  addDaemons(program);
  groups.add('config', 'Shows and checks the configuration', async () => {
    const { addConfig } = await import('./commands/add-config.ts');
    return (command) => addConfig(program, command);
  });
  groups.add('secret', 'Looks after the keys that seal passwords in the database', async () => {
    const { addSecret } = await import('./commands/add-secret.ts');
    return (command) => addSecret(program, command);
  });
  groups.add('policy', 'Looks after the rules of who may do what', async () => {
    const { addPolicy } = await import('./commands/add-policy.ts');
    return (command) => addPolicy(program, command, setExitCode);
  });
  groups.add('disk', 'Looks at, copies and verifies disks: files of any format, devices, NBD', async () => {
    const { addDisk } = await import('./commands/add-disk.ts');
    return (command) => addDisk(program, command);
  });
  addSimulate(program);
  groups.add('migrate', 'Moves machines with one command: no daemon, no database to set up', async () => {
    const { addMigrate } = await import('./commands/migrate.ts');
    return (command) => addMigrate(program, command, setExitCode);
  });
  const parts: ClientParts = {
    env: process.env,
    fetch: httpFetch,
    out: process.stdout,
    err: process.stderr,
    tokenFile: async () => (await import('./config.ts')).loadConfig(null, process.env).tokenFile,
    openLogin: async (choice, signal, tell) => {
      const { openLogin } = await import('./wiring/keystone.ts');
      const { askUnseen } = await import('./one-shot/password.ts');
      const { stdin, stderr } = process;
      const ask = stdin.isTTY ? (question: string) => askUnseen(question, stdin, stderr) : null;
      return openLogin(choice, signal, ask, tell);
    },
    setExitCode,
  };
  addClientCommands(program, groups, parts);
  addSetUp(program, parts);
  addHelp(program);
  return { program, groups };
}

/**
 * Every command of `guts`; what is below one is made when it is called.
 * @param json errors are told by whoever catches what is thrown; nothing else is written to standard error
 */
export function createProgram(json: boolean): Command {
  return build(json).program;
}

/** The same with all that is below every command, for what tells of them all. */
export async function createWholeProgram(json: boolean): Promise<Command> {
  const { program, groups } = build(json);
  await groups.loadAll();
  return program;
}
