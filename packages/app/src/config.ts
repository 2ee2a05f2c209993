import { readFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { parsePrivateYaml } from '@guts/cli/private-yaml';
import { DEFAULT_LIMITS, GutsError, type Limits, messageOf } from '@guts/core';
import { readLimits } from './limits.ts';

/** What the daemons run by. One YAML file, environment variables (`GUTS_…`) over it, defaults under both. */
export interface Config {
  /** Where the database, the key and the token lie unless told otherwise. */
  readonly stateDir: string;
  /** `sqlite:///path`, `postgresql://user@host/db`, `mariadb://user@host/db`. */
  readonly databaseUrl: string;
  /** File whose first line is the database's password; null: the URL's own, if any. */
  readonly databasePasswordFile: string | null;
  /** `local:` (in this process) or `amqp://user@host/vhost`, `amqps://…`. */
  readonly busUrl: string;
  readonly busPasswordFile: string | null;
  /** PEM file of the authorities that the broker's certificate is checked against; null: the system's. */
  readonly busCaFile: string | null;
  readonly keyFile: string;
  readonly tokenFile: string;
  /** YAML file of policy rules that differ from our own; null: none do. */
  readonly policyFile: string | null;
  readonly listenHost: string;
  readonly listenPort: number;
  /** Where clients reach guts-api, when that is not where it listens; null: as each request says. */
  readonly publicUrl: string | null;
  /** Requests of one caller to guts-api per minute; 0: no limit. */
  readonly requestsPerMinute: number;
  /** guts-api tells `/metrics` to its own host without a token. */
  readonly metricsOpen: boolean;
  readonly logLevel: string;
  readonly host: string;
  readonly slots: number;
  /** Where a worker's conversions have their local space; it reports what is free there. */
  readonly scratchDir: string;
  /** Bandwidth that a worker reports; MiB per second; 0: not known. */
  readonly bandwidthMiBPerSecond: number;
  /** Seconds. */
  readonly leaseSeconds: number;
  readonly pollMilliseconds: number;
  /** How long a worker that stops waits for checkpoints and for an undo to end; seconds. */
  readonly stopSeconds: number;
  /** Data of a disk between checkpoints; MiB. */
  readonly checkpointMiB: number;
  /** How long what fails for a passing reason is tried again, in pauses that grow; seconds. */
  readonly retrySeconds: number;
  /** Folders below which a cloud may name files as its volumes, beside the NFS shares that are mounted. */
  readonly volumeRoots: readonly string[];
  /** How fresh a worker's heartbeat must be to be given work; seconds. */
  readonly aliveSeconds: number;
  /** How long a worker has to take what was reserved for it; seconds. */
  readonly reservationSeconds: number;
  /** How much may happen at once; a map under `limits`. */
  readonly limits: Limits;
}

/** Its value is a map; only the file can have it. */
const LIMITS = 'limits';

interface Setting {
  readonly key: Exclude<keyof Config, 'limits'>;
  /** Name in the YAML file; `GUTS_` and its upper case is the environment variable. */
  readonly name: string;
  /** `paths`: folders, separated by colons. */
  readonly kind: 'text' | 'path' | 'paths' | 'count' | 'url' | 'flag';
}

const SETTINGS: readonly Setting[] = [
  { key: 'stateDir', name: 'state_dir', kind: 'path' },
  { key: 'databaseUrl', name: 'database_url', kind: 'text' },
  { key: 'databasePasswordFile', name: 'database_password_file', kind: 'path' },
  { key: 'busUrl', name: 'bus_url', kind: 'text' },
  { key: 'busPasswordFile', name: 'bus_password_file', kind: 'path' },
  { key: 'busCaFile', name: 'bus_ca_file', kind: 'path' },
  { key: 'keyFile', name: 'key_file', kind: 'path' },
  { key: 'tokenFile', name: 'token_file', kind: 'path' },
  { key: 'policyFile', name: 'policy_file', kind: 'path' },
  { key: 'listenHost', name: 'listen_host', kind: 'text' },
  { key: 'listenPort', name: 'listen_port', kind: 'count' },
  { key: 'publicUrl', name: 'public_url', kind: 'url' },
  { key: 'requestsPerMinute', name: 'requests_per_minute', kind: 'count' },
  { key: 'metricsOpen', name: 'metrics_open', kind: 'flag' },
  { key: 'logLevel', name: 'log_level', kind: 'text' },
  { key: 'host', name: 'host', kind: 'text' },
  { key: 'slots', name: 'slots', kind: 'count' },
  { key: 'scratchDir', name: 'scratch_dir', kind: 'path' },
  { key: 'bandwidthMiBPerSecond', name: 'bandwidth_mib_per_second', kind: 'count' },
  { key: 'leaseSeconds', name: 'lease_seconds', kind: 'count' },
  { key: 'pollMilliseconds', name: 'poll_milliseconds', kind: 'count' },
  { key: 'stopSeconds', name: 'stop_seconds', kind: 'count' },
  { key: 'checkpointMiB', name: 'checkpoint_mib', kind: 'count' },
  { key: 'retrySeconds', name: 'retry_seconds', kind: 'count' },
  { key: 'volumeRoots', name: 'volume_roots', kind: 'paths' },
  { key: 'aliveSeconds', name: 'alive_seconds', kind: 'count' },
  { key: 'reservationSeconds', name: 'reservation_seconds', kind: 'count' },
];

function readFile(path: string): Readonly<Record<string, unknown>> {
  let content: unknown;
  try {
    // An address may hold a password.
    content = parsePrivateYaml(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new GutsError('configuration', `configuration file ${path}: ${messageOf(error)}`, { cause: error });
  }
  if (content === null || content === undefined) return {};
  if (typeof content !== 'object' || Array.isArray(content))
    throw new GutsError('configuration', `configuration file ${path}: it must be a map of settings`);
  const known = [...SETTINGS.map((setting) => setting.name), LIMITS];
  for (const name of Object.keys(content)) {
    if (!known.includes(name))
      throw new GutsError('configuration', `configuration file ${path}: unknown setting '${name}'`, {
        remedy: `Known settings: ${known.join(', ')}.`,
      });
  }
  return content as Readonly<Record<string, unknown>>;
}

type Value = string | number | boolean | readonly string[];

function convert(setting: Setting, value: unknown, where: string): Value {
  if (setting.kind === 'count') {
    const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number;
    throw new GutsError('configuration', `${where}: '${setting.name}' must be a whole number of 0 or more`);
  }
  if (setting.kind === 'flag') {
    if (typeof value === 'boolean') return value;
    if (value === 'true' || value === 'false') return value === 'true';
    throw new GutsError('configuration', `${where}: '${setting.name}' must be true or false`);
  }
  if (typeof value !== 'string' || value === '')
    throw new GutsError('configuration', `${where}: '${setting.name}' must be a text`);
  if (setting.kind === 'url' && !/^https?:\/\/[^/?#@\s]+(\/[^?#\s]*)?$/.test(value))
    throw new GutsError('configuration', `${where}: '${setting.name}' must be like https://guts.example.org`);
  if (setting.kind === 'paths')
    return value
      .split(delimiter)
      .filter(Boolean)
      .map((one) => resolve(one));
  return setting.kind === 'path' ? resolve(value) : value;
}

/**
 * Reads the configuration.
 * @param file path given on the command line; null: `GUTS_CONFIG`, or none
 * @throws GutsError `configuration`, naming the file or variable and the setting
 */
export function loadConfig(file: string | null, env: NodeJS.ProcessEnv): Config {
  const path = file ?? env['GUTS_CONFIG'] ?? null;
  let limits = DEFAULT_LIMITS;
  const given = new Map<keyof Config, Value>();
  if (path !== null) {
    const content = readFile(path);
    limits = readLimits(content[LIMITS], `configuration file ${path}`);
    for (const setting of SETTINGS)
      if (content[setting.name] !== undefined)
        given.set(setting.key, convert(setting, content[setting.name], `configuration file ${path}`));
  }
  for (const setting of SETTINGS) {
    const variable = `GUTS_${setting.name.toUpperCase()}`;
    const value = env[variable];
    if (value !== undefined && value !== '')
      given.set(setting.key, convert(setting, value, `environment variable ${variable}`));
  }
  const stateHome = env['XDG_STATE_HOME'] ?? join(env['HOME'] ?? homedir(), '.local', 'state');
  const stateDir = String(given.get('stateDir') ?? join(stateHome, 'guts'));
  const defaults: Config = {
    stateDir,
    databaseUrl: `sqlite://${join(stateDir, 'guts.sqlite')}`,
    databasePasswordFile: null,
    busUrl: 'local:',
    busPasswordFile: null,
    busCaFile: null,
    keyFile: join(stateDir, 'key'),
    tokenFile: join(stateDir, 'token'),
    policyFile: null,
    listenHost: '127.0.0.1',
    listenPort: 7000,
    publicUrl: null,
    requestsPerMinute: 0,
    metricsOpen: false,
    logLevel: 'info',
    host: hostname(),
    slots: 4,
    scratchDir: join(stateDir, 'scratch'),
    bandwidthMiBPerSecond: 0,
    leaseSeconds: 60,
    pollMilliseconds: 2000,
    stopSeconds: 60,
    checkpointMiB: 256,
    retrySeconds: 75,
    volumeRoots: [],
    aliveSeconds: 30,
    reservationSeconds: 60,
    limits,
  };
  return { ...defaults, ...Object.fromEntries(given) };
}
