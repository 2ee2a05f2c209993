import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { GUTS } from './daemon.ts';
import { Tap, type Target } from './tap.ts';

/** A private database server and a private broker, as servers.sh starts them. */
export interface Servers {
  /** URL without a database. */
  readonly database: URL;
  /** URL without a vhost; `kill-0`, `kill-1`, … are there. */
  readonly broker: URL;
}

/** From GUTS_KILL_DATABASE and GUTS_KILL_BROKER. Null: there are none. */
export function serversFrom(env: NodeJS.ProcessEnv): Servers | null {
  const { GUTS_KILL_DATABASE: database, GUTS_KILL_BROKER: broker } = env;
  if (database === undefined || broker === undefined) return null;
  return { database: new URL(database), broker: new URL(broker) };
}

function address(url: URL): Target {
  return { host: url.hostname, port: Number(url.port) };
}

function must(command: string, args: readonly string[], env: NodeJS.ProcessEnv): void {
  const { status, stderr, error } = spawnSync(command, args, { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`);
}

/** A URL's copy that goes through a tap. */
function through(url: URL, tap: Tap): string {
  const copy = new URL(url);
  copy.hostname = '127.0.0.1';
  copy.port = String(tap.port);
  return copy.href;
}

/** A lane's own database and vhost, straight, and through taps for the process that is struck. */
export class LaneServers {
  readonly database: Tap;
  readonly broker: Tap;
  /** What a process is told that is never cut off. */
  readonly straight: NodeJS.ProcessEnv;
  /** What the victim is told. */
  readonly tapped: NodeJS.ProcessEnv;

  private constructor(database: Tap, broker: Tap, urls: { database: URL; broker: URL }) {
    this.database = database;
    this.broker = broker;
    this.straight = { GUTS_DATABASE_URL: urls.database.href, GUTS_BUS_URL: urls.broker.href };
    this.tapped = {
      GUTS_DATABASE_URL: through(urls.database, database),
      GUTS_BUS_URL: through(urls.broker, broker),
    };
  }

  /**
   * @param name of a database that is not there yet
   * @param slot which of the vhosts; one lane at a time has it
   */
  static async open(servers: Servers, name: string, slot: number, stateDir: string): Promise<LaneServers> {
    const { PATH, HOME } = process.env;
    const base = servers.database;
    const postgres = base.protocol === 'postgresql:';
    const sql = `create database ${name}`;
    if (postgres)
      must('psql', ['-q', '-h', base.hostname, '-p', base.port, '-U', base.username, 'postgres', '-c', sql], {
        PATH,
        HOME,
      });
    else
      must(
        'mariadb',
        ['--no-defaults', '-h', base.hostname, '-P', base.port, '-u', base.username, '-e', sql],
        { PATH, HOME, MYSQL_PWD: decodeURIComponent(base.password) },
      );
    const database = new URL(base);
    database.pathname = `/${name}`;
    const broker = new URL(servers.broker);
    broker.pathname = `/kill-${slot}`;
    mkdirSync(stateDir, { recursive: true });
    must(process.execPath, [GUTS, 'db', 'upgrade'], {
      PATH,
      HOME,
      GUTS_STATE_DIR: stateDir,
      GUTS_DATABASE_URL: database.href,
    });
    const [one, two] = [await Tap.open(address(database)), await Tap.open(address(broker))];
    return new LaneServers(one, two, { database, broker });
  }

  mend(): void {
    this.database.mend();
    this.broker.mend();
  }

  /** Resolves when nothing is cut off. */
  async mended(): Promise<void> {
    await this.database.mended();
    await this.broker.mended();
  }

  async close(): Promise<void> {
    await this.database.close();
    await this.broker.close();
  }
}
