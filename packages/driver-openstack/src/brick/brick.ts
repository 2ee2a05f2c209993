import { type ChildProcess, spawn as spawnChild } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type BrickErrorCode =
  /** os-brick, its Python, or what runs it as root is not installed. */
  | 'brick_missing'
  /** os-brick could not do it. */
  | 'brick_failed'
  /** It did not end in time. */
  | 'brick_late';

/** os-brick failed; its own words stand in the message, without secrets. */
export class BrickError extends Error {
  readonly code: BrickErrorCode;
  constructor(code: BrickErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BrickError';
    this.code = code;
  }
}

export interface BrickOptions {
  /** A Python that has os_brick. */
  readonly python: string;
  /** What is put before it to run it as root; empty: this user is root. */
  readonly rootHelper: readonly string[];
  /** Folder of the locks that all workers of this host share. */
  readonly lockPath: string;
  readonly script?: string;
  readonly spawn?: typeof spawnChild;
}

type Json = Readonly<Record<string, unknown>>;

/** What os-brick says of a connected volume (its `device_info`): what it needs to disconnect it, and the path. */
export interface DeviceInfo extends Json {
  readonly path: string;
}

export interface BrickConnection {
  /** As Cinder calls it (`driver_volume_type`). */
  readonly protocol: string;
  readonly multipath: boolean;
  /** What Cinder told of the connection, with its secrets where they are needed. */
  readonly connection: Json;
}

/** os-brick scans for a device for minutes before it gives up. */
const SECONDS = 600;
const MOST_BYTES = 2 ** 20;
const WORDS = 500;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

interface Ended {
  readonly code: number | null;
  readonly by: string | null;
  readonly out: string;
  readonly said: string;
}

function textOf(stream: ChildProcess['stdout']): () => string {
  const pieces: Buffer[] = [];
  let length = 0;
  stream?.on('data', (piece: Buffer) => {
    if (length < MOST_BYTES) pieces.push(piece);
    length += piece.length;
  });
  return () => Buffer.concat(pieces).toString('utf8');
}

/**
 * os-brick (the library by which Nova and Cinder connect volumes to hosts), one process per call: see guts_brick.py.
 * What is secret goes by standard input. What it runs in turn is its own matter: it gives iscsiadm CHAP passwords as
 * arguments.
 */
export class Brick {
  readonly #options: BrickOptions;

  constructor(options: BrickOptions) {
    this.#options = options;
  }

  /** The connector by which Cinder knows this host: initiators and the like. @throws BrickError */
  async properties(ip: string, multipath: boolean, signal: AbortSignal): Promise<Json> {
    return this.#ask({ verb: 'properties', my_ip: ip, multipath }, signal);
  }

  /** Makes the volume a device of this host. @throws BrickError */
  async connect(connection: BrickConnection, signal: AbortSignal): Promise<DeviceInfo> {
    const device = await this.#ask({ verb: 'connect', ...connection }, signal);
    if (typeof device['path'] !== 'string' || !device['path'].startsWith('/'))
      throw new BrickError('brick_failed', 'os-brick names no path of the connected volume');
    return { ...device, path: device['path'] };
  }

  /**
   * Takes the device away; fine when there is none. @param device as {@link connect} gave it; null: that is not known
   * @throws BrickError
   */
  async disconnect(
    connection: BrickConnection,
    device: DeviceInfo | null,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#ask({ verb: 'disconnect', ...connection, device, force: false }, signal);
  }

  async #ask(question: Json, signal: AbortSignal): Promise<Json> {
    const { code, by, out, said } = await this.#run(
      JSON.stringify({ ...question, lock_path: this.#options.lockPath }),
      signal,
    );
    signal.throwIfAborted();
    if (code !== 0) {
      const tail = said.trim().slice(-WORDS);
      throw new BrickError(
        /No module named|not found|No such file/.test(tail) ? 'brick_missing' : 'brick_failed',
        `the helper for os-brick ended ${by === null ? `with ${code}` : `by ${by}`}: ${tail}`,
      );
    }
    const answer = parsed(out);
    if (isObject(answer['ok'])) return answer['ok'];
    const { kind, message } = isObject(answer['error']) ? answer['error'] : {};
    throw new BrickError(
      kind === 'missing' ? 'brick_missing' : 'brick_failed',
      `os-brick: ${typeof message === 'string' ? message.slice(0, WORDS) : 'gave no answer'}`,
    );
  }

  #run(question: string, signal: AbortSignal): Promise<Ended> {
    const { python, rootHelper, spawn = spawnChild } = this.#options;
    const script = this.#options.script ?? fileURLToPath(new URL('guts_brick.py', import.meta.url));
    const [program, ...rest] = [...rootHelper, python, '-I', script];
    return new Promise((resolve, reject) => {
      const child = spawn(program, rest, {
        stdio: 'pipe',
        env: { PATH: `/usr/sbin:/sbin:${process.env['PATH'] ?? ''}`, LC_ALL: 'C.UTF-8' },
      });
      const out = textOf(child.stdout);
      const said = textOf(child.stderr);
      let why: Error | null = null;
      const stop = (reason: Error): void => {
        why ??= reason;
        child.kill('SIGTERM');
      };
      const late = setTimeout(
        () => stop(new BrickError('brick_late', `os-brick did not end within ${SECONDS} seconds`)),
        SECONDS * 1000,
      );
      const onAbort = (): void => stop(signal.reason as Error);
      signal.addEventListener('abort', onAbort, { once: true });
      const over = (): void => {
        clearTimeout(late);
        signal.removeEventListener('abort', onAbort);
      };
      child.once('error', (error) => {
        over();
        reject(
          new BrickError('brick_missing', `${program} cannot be run: ${error.message}`, { cause: error }),
        );
      });
      child.once('close', (code, by) => {
        over();
        if (why) reject(why);
        else resolve({ code, by, out: out(), said: said() });
      });
      // One that ended before it read all says why itself.
      child.stdin?.once('error', () => undefined);
      child.stdin?.end(question);
      if (signal.aborted) onAbort();
    });
  }
}

function parsed(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch (error) {
    throw new BrickError('brick_failed', 'the helper for os-brick gave no JSON', { cause: error });
  }
}
