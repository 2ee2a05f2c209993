import { type ChildProcess, spawn as spawnChild } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { orAbort } from '../abort.ts';
import { type CopyClock, systemClock } from '../copy/clock.ts';
import { printable } from '../nbd/errors.ts';
import type { NbdTarget } from '../nbd/uri.ts';
import { QemuNbdError } from './errors.ts';

export interface QemuNbdOptions {
  /** An open regular file or block device; the child inherits it and opens that very file, wherever it is by then. */
  readonly fd: number;
  /** As it is known to be: it is never probed. */
  readonly format: 'qcow2' | 'raw';
  readonly readOnly: boolean;
  /** Connections that it takes at once. Default 5: those of one pool, and one that looks whether it serves. */
  readonly connections?: number;
  /** Folder in which a private one (0700) is made for the socket. Default: the system's for temporary files. */
  readonly folder?: string;
  readonly spawn?: typeof spawnChild;
  readonly clock?: CopyClock;
}

/** A `qemu-nbd` that serves. */
export interface QemuNbd {
  readonly target: NbdTarget;
  /** How it ended by itself, which a broken connection may tell of a moment before; null: it runs, or was stopped by us. */
  failure(): Promise<QemuNbdError | null>;
  /** Ends it, which writes out what it holds. @throws QemuNbdError `qemu_nbd_ended` when it could not */
  stop(): Promise<void>;
}

const START_SECONDS = 30;
/** For writing out what it holds, over a slow network, too. */
const STOP_SECONDS = 120;
const LOOK_EVERY_MS = 10;
const MOMENT_MS = 250;
const WORDS = 4096;

/**
 * So that none outlives us, however we end: the kernel kills it with us (PR_SET_PDEATHSIG, prctl(2), by setpriv of
 * util-linux), and it does not begin when we were gone before that was said. Killed it leaves a sound qcow2, which may
 * hold clusters that nothing uses.
 */
const BOUND = 'test "$PPID" = "$0" && exec "$@"';

function commandOf({ format, readOnly, connections = 5 }: QemuNbdOptions, socket: string): string[] {
  // No backing file, whatever its header says; the file is the descriptor that it inherits as its fourth.
  const file = { driver: 'file', filename: '/proc/self/fd/3' };
  const image = `json:${JSON.stringify({ driver: format, file, ...(format === 'qcow2' ? { backing: null } : {}) })}`;
  const bound = ['--pdeathsig', 'KILL', '--', 'sh', '-c', BOUND, String(process.pid)];
  const how = ['--persistent', '--shared', String(connections), '--socket', socket];
  // Written through the page cache and made durable by flushes, which the protocol has. Zeros are found by the copy.
  const cache = readOnly ? ['--read-only'] : ['--cache=writeback', '--discard=unmap', '--detect-zeroes=off'];
  return [...bound, 'qemu-nbd', ...how, ...cache, image];
}

function serves(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

class Child {
  readonly ended: Promise<void>;
  failure: QemuNbdError | null = null;
  readonly #process: ChildProcess;
  #said = Buffer.alloc(0);
  #stopping = false;

  constructor(options: QemuNbdOptions, socket: string) {
    const { spawn = spawnChild, fd } = options;
    const child = spawn('setpriv', commandOf(options, socket), {
      stdio: ['ignore', 'ignore', 'pipe', fd],
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
    });
    this.#process = child;
    child.stderr?.on('data', (bytes: Buffer) => {
      if (this.#said.length < WORDS) this.#said = Buffer.concat([this.#said, bytes]).subarray(0, WORDS);
    });
    this.ended = new Promise((resolve) => {
      child.once('error', (error: NodeJS.ErrnoException) => {
        // One that runs can fail to be killed; only one that never began ends by this.
        if (child.pid !== undefined) return;
        this.failure = new QemuNbdError('qemu_nbd_missing', `setpriv cannot be run: ${error.message}`, {
          cause: error,
        });
        resolve();
      });
      child.once('close', (code, by) => {
        if (!this.#stopping || code !== 0) this.failure ??= this.#failed(code, by);
        resolve();
      });
    });
  }

  #failed(code: number | null, by: string | null): QemuNbdError {
    const said = printable(this.#said);
    // The shell's word for a command that it does not find (POSIX, 2.8.2).
    if (code === 127)
      return new QemuNbdError('qemu_nbd_missing', `qemu-nbd cannot be run: ${said || 'it is not installed'}`);
    const how = by === null ? `with ${code}` : `by ${by}`;
    return new QemuNbdError('qemu_nbd_ended', `qemu-nbd ended ${how}${said === '' ? '' : `: ${said}`}`);
  }

  async stop(clock: CopyClock): Promise<void> {
    this.#stopping = true;
    this.#process.kill('SIGTERM');
    const over = new AbortController();
    const late = clock.sleep(STOP_SECONDS * 1000, over.signal).then(
      () => void this.#process.kill('SIGKILL'),
      () => undefined,
    );
    await this.ended;
    over.abort();
    await late;
  }
}

async function untilServing(
  child: Child,
  socket: string,
  clock: CopyClock,
  signal: AbortSignal,
): Promise<void> {
  const until = clock.monotonic() + START_SECONDS * 1000;
  while (!(await serves(socket))) {
    if (child.failure) throw child.failure;
    if (clock.monotonic() > until)
      throw new QemuNbdError('qemu_nbd_late', `qemu-nbd does not serve after ${START_SECONDS} seconds`);
    await orAbort(Promise.race([clock.sleep(LOOK_EVERY_MS), child.ended]), signal);
  }
}

/**
 * Serves a file as an NBD export on a socket that nobody else of this host reaches.
 * @throws QemuNbdError
 */
export async function startQemuNbd(options: QemuNbdOptions, signal: AbortSignal): Promise<QemuNbd> {
  const { clock = systemClock, folder = tmpdir() } = options;
  const own = await mkdtemp(join(folder, 'guts-nbd-'));
  const socket = join(own, 'socket');
  const child = new Child(options, socket);
  const clean = (): Promise<void> => rm(own, { recursive: true, force: true });
  try {
    await untilServing(child, socket, clock, signal);
  } catch (error) {
    await child.stop(clock);
    await clean();
    throw error;
  }
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await child.stop(clock);
    await clean();
    if (child.failure) throw child.failure;
  };
  return {
    target: { address: { kind: 'unix', path: socket }, exportName: '', secure: false },
    async failure() {
      const over = new AbortController();
      await Promise.race([child.ended, clock.sleep(MOMENT_MS, over.signal).catch(() => undefined)]);
      over.abort();
      return child.failure;
    },
    stop: () => (stopped ??= stop()),
  };
}
