import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Ask, type Output, terminalAsk, UsageError } from '@guts/cli';
import { GutsError, messageOf } from '@guts/core';
import { type Config, loadConfig } from '../config.ts';
import { maskAddress } from '../config/mask.ts';
import type { Check } from '../doctor/check.ts';
import { configuredDatabase, configuredKeystone, configuredQueue } from '../doctor/configured.ts';
import { exitCodeOf, findingLines } from '../doctor/output.ts';
import { runChecks } from '../doctor/run.ts';
import { prepareStateDir } from '../wiring/state-dir.ts';

export interface InitOptions {
  readonly config?: string;
  readonly stateDir?: string;
  readonly databaseUrl?: string;
  readonly databasePasswordFile?: string;
  readonly busUrl?: string;
  readonly busPasswordFile?: string;
  readonly auth?: string;
  readonly keystoneCloud?: string;
  readonly keystoneCloudsFile?: string;
  readonly listenHost?: string;
  readonly listenPort?: string;
  readonly yes: boolean;
  readonly force: boolean;
}
interface InitParts {
  readonly env: NodeJS.ProcessEnv;
  readonly out: Output;
  readonly input: NodeJS.ReadStream;
  readonly prompts: NodeJS.WriteStream;
  /** How to ask a person; left out: on the terminal, if there is one. */
  readonly ask?: Ask | null;
}

/** Names of the configuration file, each with what the person said; what is default is not written. */
type Answers = Record<string, string | number>;
type Key = Exclude<keyof InitOptions, 'yes' | 'force' | 'config'>;

const NAMES: Readonly<Record<Key, string>> = {
  stateDir: 'state_dir',
  databaseUrl: 'database_url',
  databasePasswordFile: 'database_password_file',
  busUrl: 'bus_url',
  busPasswordFile: 'bus_password_file',
  auth: 'auth',
  keystoneCloud: 'keystone_cloud',
  keystoneCloudsFile: 'keystone_clouds_file',
  listenHost: 'listen_host',
  listenPort: 'listen_port',
};

/** A password in an address would stand in the file in clear, and in what is shown. @throws UsageError */
function refusePassword(key: Key, value: string): void {
  if (maskAddress(value) !== value)
    throw new UsageError(
      `${NAMES[key]} must not hold the password: put it in a file (0600) and name that by ${NAMES[key].replace('url', 'password_file')}`,
    );
}

function given(options: InitOptions): Answers {
  const answers: Answers = {};
  for (const [key, name] of Object.entries(NAMES) as [Key, string][]) {
    const value = options[key];
    if (value === undefined) continue;
    if (key === 'databaseUrl' || key === 'busUrl') refusePassword(key, value);
    answers[name] = key === 'listenPort' ? port(value) : /(file|dir)$/.test(name) ? resolve(value) : value;
  }
  return answers;
}

function port(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= 65_535) return value;
  throw new UsageError(`"${text}" is no port: a whole number from 1 to 65535 is`);
}

/** Asks for one answer until it is of use; empty: the default. */
async function askFor(
  { ask, out }: { readonly ask: Ask; readonly out: Output },
  question: string,
  usual: string,
  check: (answer: string) => unknown = () => undefined,
): Promise<string> {
  for (;;) {
    const answer = (await ask(`${question} [${usual}] `)).trim() || usual;
    try {
      await check(answer);
      return answer;
    } catch (error) {
      out.write(`${messageOf(error)}\n`);
    }
  }
}

/** The findings as text; throws them when something has failed. */
async function tried(check: Check, out: Output): Promise<void> {
  const findings = await runChecks([check], new AbortController().signal);
  if (exitCodeOf(findings) !== 0)
    throw new GutsError(
      'configuration',
      findings.map(({ subject, message }) => `${subject}: ${message}`).join('; '),
      findings[0]?.remedy ? { remedy: findings[0].remedy } : {},
    );
  for (const line of findingLines(findings, out.isTTY === true)) out.write(`${line}\n`);
}

/** The configuration by the answers and the environment, without a file. @throws GutsError `configuration` */
function configOf(answers: Answers, env: NodeJS.ProcessEnv): Config {
  const variables = Object.entries(answers).map(([name, value]) => [
    `GUTS_${name.toUpperCase()}`,
    String(value),
  ]);
  return loadConfig(null, { ...env, GUTS_CONFIG: undefined, ...Object.fromEntries(variables) });
}

/** Tries the servers that the answers name. @throws GutsError, UsageError */
async function tryOut(answers: Answers, env: NodeJS.ProcessEnv, out: Output): Promise<void> {
  const config = configOf(answers, env);
  prepareStateDir(config.stateDir);
  if (!config.databaseUrl.startsWith('sqlite:')) await tried(configuredDatabase(config, 'later'), out);
  if (config.busUrl !== 'local:') await tried(configuredQueue(config), out);
  if (config.auth === 'keystone') await tried(configuredKeystone(config, env), out);
}

const isUrl = (schemes: RegExp) => (answer: string) => {
  if (!schemes.test(answer))
    throw new UsageError(`it must begin with one of ${schemes.source.replaceAll(/[\^()]/g, '')}`);
};

interface Talk {
  readonly ask: Ask;
  readonly out: Output;
  readonly env: NodeJS.ProcessEnv;
}

/** Database and broker, tried; asked for again until both answer. */
async function askServers(talk: Talk, said: Answers): Promise<Answers> {
  for (;;) {
    const now = { ...said };
    now['database_url'] = await askFor(talk, 'Database', 'postgresql://guts@localhost/guts', (answer) => {
      isUrl(/^(postgresql|postgres|mysql|mariadb):/)(answer);
      refusePassword('databaseUrl', answer);
    });
    now['database_password_file'] = resolve(
      await askFor(talk, 'File with its password', '/etc/guts/database-password'),
    );
    const bus = await askFor(talk, 'RabbitMQ (local: for none)', 'local:', (answer) => {
      isUrl(/^(amqp|amqps|local):/)(answer);
      refusePassword('busUrl', answer);
    });
    if (bus !== 'local:') {
      now['bus_url'] = bus;
      now['bus_password_file'] = resolve(
        await askFor(talk, 'File with its password', '/etc/guts/bus-password'),
      );
    }
    try {
      await tryOut(now, talk.env, talk.out);
      return now;
    } catch (error) {
      talk.out.write(`${messageOf(error)}\nOnce more:\n`);
    }
  }
}

/** Whose tokens guts-api takes; a Keystone is tried, and asked for again until it answers. */
async function askCallers(talk: Talk, said: Answers): Promise<Answers> {
  const question = "Who may call: the bearer of this host's token (t), or users of a Keystone (k)?";
  if (!/^k/i.test(await askFor(talk, question, 't'))) return said;
  for (;;) {
    const now: Answers = { ...said, auth: 'keystone' };
    now['keystone_clouds_file'] = resolve(
      await askFor(talk, 'clouds.yaml with the service user of guts-api', '/etc/guts/clouds.yaml'),
    );
    now['keystone_cloud'] = await askFor(talk, 'Its entry there', 'guts');
    try {
      const config = configOf(now, talk.env);
      await tried(configuredKeystone(config, talk.env), talk.out);
      return now;
    } catch (error) {
      talk.out.write(`${messageOf(error)}\nOnce more:\n`);
    }
  }
}

/** @param answers what options have said already: it is not asked for */
async function dialogue(talk: Talk, answers: Answers, stateDir: string): Promise<Answers> {
  let said = { ...answers };
  said['state_dir'] ??= resolve(await askFor(talk, 'Folder for database, key and token', stateDir));
  const question = 'One host with SQLite (e), or several with PostgreSQL or MariaDB (p)?';
  if (said['database_url'] === undefined && /^p/i.test(await askFor(talk, question, 'e')))
    said = await askServers(talk, said);
  else await tryOut(said, talk.env, talk.out);
  if (said['auth'] === undefined) said = await askCallers(talk, said);
  said['listen_host'] ??= await askFor(talk, 'Address of guts-api (0.0.0.0: every network)', '127.0.0.1');
  said['listen_port'] ??= port(await askFor(talk, 'Its port', '7000', port));
  return said;
}

const asYaml = (answers: Answers): string =>
  `# Made by guts init. docs/operations.md says what else there is.\n${Object.entries(answers)
    .map(([name, value]) => `${name}: ${typeof value === 'number' ? value : JSON.stringify(value)}\n`)
    .join('')}`;

function write(path: string, text: string, force: boolean): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(path, text, { mode: 0o600, flag: force ? 'w' : 'wx' });
    // One that was there keeps the mode it had.
    chmodSync(path, 0o600);
  } catch (error) {
    throw new GutsError('configuration', `${path} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

/** `guts init`. @throws UsageError, GutsError `configuration` */
export async function runInit(
  options: InitOptions,
  { env, out, input, prompts, ...more }: InitParts,
): Promise<void> {
  const answers = given(options);
  const { GUTS_CONFIG: _file, ...clean } = env;
  const stateDir = String(answers['state_dir'] ?? loadConfig(null, clean).stateDir);
  const path = resolve(options.config ?? env['GUTS_CONFIG'] ?? join(stateDir, 'guts.yaml'));
  if (existsSync(path) && !options.force)
    throw new UsageError(
      `${path} is there already; say --force to write over it, or --config for another file`,
    );
  const ask = more.ask === undefined ? terminalAsk(input, prompts, out) : more.ask;
  if (!options.yes && !ask)
    throw new UsageError(
      'nobody is there to answer: say --yes for the defaults, with what differs as options (guts init --help)',
    );
  const said = options.yes || !ask ? answers : await dialogue({ ask, out, env: clean }, answers, stateDir);
  if (options.yes) await tryOut(said, clean, out);
  write(path, asYaml(said), options.force);
  // What was written must be what is read.
  const config = loadConfig(path, clean);
  out.write(`${path} is written.\n`);
  const server = !config.databaseUrl.startsWith('sqlite:');
  const next = server ? ['guts db upgrade', 'guts api', 'guts scheduler', 'guts migration'] : ['guts all'];
  out.write(
    `Next:\n${next.map((line) => `  ${line} --config ${path}\n`).join('')}  guts doctor --config ${path}\n`,
  );
}
