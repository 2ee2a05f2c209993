import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { NbdkitError } from './errors.ts';

/** A process, told from a later one with the same number by when it began. */
interface ProcessMark {
  readonly pid: number;
  /** Clock ticks after boot: field 22 of `/proc/PID/stat` (proc(5)); null where there is none. */
  readonly began: string | null;
}
interface Owner extends ProcessMark {
  readonly host: string;
}

const OWNER = 'owner.json';
const SERVER = 'server.json';
const SOCKET = 'nbd.sock';
const PREFIX = 'disk-';
/** Of `sun_path`, with the NUL that ends it (unix(7)). */
const LONGEST_SOCKET = 107;

const isGone = (error: unknown): boolean =>
  ['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '');

/** Null: there is no such process. */
async function markOf(pid: number): Promise<ProcessMark | null> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // With EPERM it runs, but belongs to somebody else.
    if (isGone(error)) return null;
  }
  try {
    const line = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field is a name in parentheses, which may hold anything.
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    // One that has ended, and that nobody has asked about.
    if (fields[0] === 'Z') return null;
    return { pid, began: fields[19] ?? null };
  } catch (error) {
    if (isGone(error)) return { pid, began: null };
    throw error;
  }
}

async function runs({ pid, began }: ProcessMark): Promise<boolean> {
  const now = await markOf(pid);
  return now !== null && (began === null || now.began === null || now.began === began);
}

/**
 * Refuses a folder in which no socket can be.
 * Throws `NbdkitError` (`nbdkit_usage`).
 */
export function checkRunDir(runDir: string): void {
  const path = join(runDir, `${PREFIX}XXXXXX`, SOCKET);
  if (Buffer.byteLength(path) > LONGEST_SOCKET)
    throw new NbdkitError(
      'nbdkit_usage',
      `the folder ${runDir} has too long a path: that of a socket in it would have ${Buffer.byteLength(path)} bytes, and ${LONGEST_SOCKET} are allowed`,
    );
}

/** One server's folder, which nobody else may look into: its socket, and for a moment its secrets. */
export class ServerFolder {
  readonly path: string;
  readonly socket: string;
  readonly #secrets: string[] = [];

  private constructor(path: string) {
    this.path = path;
    this.socket = join(path, SOCKET);
  }

  /** Throws `NbdkitError` (`nbdkit_usage`) for a path in which no socket can be. */
  static async make(runDir: string): Promise<ServerFolder> {
    checkRunDir(runDir);
    await mkdir(runDir, { recursive: true, mode: 0o700 });
    const folder = new ServerFolder(await mkdtemp(join(runDir, PREFIX)));
    await chmod(folder.path, 0o700);
    const own = await markOf(process.pid);
    await folder.#write(
      OWNER,
      JSON.stringify({ host: hostname(), pid: process.pid, began: own?.began ?? null }),
    );
    return folder;
  }

  /** Notes whose socket it is, for whoever cleans up behind a worker that was killed. */
  async noteServer(pid: number): Promise<void> {
    const mark = await markOf(pid);
    if (mark) await this.#write(SERVER, JSON.stringify(mark));
  }

  /** Gives the path of a file that holds the secret, which this user alone may read. */
  async putSecret(secret: string): Promise<string> {
    const path = join(this.path, `secret-${this.#secrets.length}`);
    this.#secrets.push(path);
    await writeFile(path, secret, { mode: 0o600, flag: 'wx' });
    return path;
  }

  async dropSecrets(): Promise<void> {
    for (const path of this.#secrets) await rm(path, { force: true });
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }

  async #write(name: string, text: string): Promise<void> {
    await writeFile(join(this.path, name), text, { mode: 0o600 });
  }
}

async function read<T>(path: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (error) {
    // A worker that was killed may have left it unwritten.
    if (isGone(error) || error instanceof SyntaxError) return null;
    throw error;
  }
}

/**
 * Removes what workers of this host left that are dead: folders with their sockets and secrets, and servers that
 * outlived them (one that hangs in its library does not heed that its parent is gone). Other hosts' are left alone.
 * @param graceMs a folder without a readable owner is left alone for so long: it is being made
 * @returns how many folders were removed
 */
export async function cleanNbdkitFolders(runDir: string, now: number, graceMs = 60_000): Promise<number> {
  let removed = 0;
  for (const name of await folders(runDir)) {
    const path = join(runDir, name);
    const owner = await read<Owner>(join(path, OWNER));
    if (owner ? owner.host !== hostname() || (await runs(owner)) : await isYoung(path, now, graceMs))
      continue;
    const server = await read<ProcessMark>(join(path, SERVER));
    // Without its beginning it may be any process.
    if (server && server.began !== null && (await runs(server))) kill(server.pid);
    await rm(path, { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}

async function folders(runDir: string): Promise<string[]> {
  try {
    const entries = await readdir(runDir, { withFileTypes: true });
    return entries.filter((one) => one.isDirectory() && one.name.startsWith(PREFIX)).map(({ name }) => name);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

async function isYoung(path: string, now: number, graceMs: number): Promise<boolean> {
  try {
    return now - (await stat(path)).mtimeMs < graceMs;
  } catch (error) {
    if (isGone(error)) return true;
    throw error;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}
