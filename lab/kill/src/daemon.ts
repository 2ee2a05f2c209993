import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const GUTS = resolve(dirname(fileURLToPath(import.meta.url)), '../../../packages/app/bin/guts.js');

export type DaemonKind = 'api' | 'scheduler' | 'migration';

/** One daemon of GUTS, as a process of its own. */
export class Daemon {
  readonly kind: DaemonKind;
  readonly #child: ChildProcess;
  /** Resolves at the end of the process, however it came. */
  readonly ended: Promise<void>;
  #alive = true;

  /** @param env beside PATH and HOME, all that it sees */
  constructor(kind: DaemonKind, name: string, folder: string, env: NodeJS.ProcessEnv) {
    this.kind = kind;
    const log = createWriteStream(join(folder, `${name}.log`), { flags: 'a' });
    this.#child = spawn(process.execPath, [GUTS, kind], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.pipe(log, { end: false });
    this.#child.stderr?.pipe(log, { end: false });
    this.ended = new Promise((done) => {
      this.#child.once('exit', () => {
        this.#alive = false;
        log.end();
        done();
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get alive(): boolean {
    return this.#alive;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#alive) this.#child.kill(signal);
  }

  /** Cleanly. */
  async stop(): Promise<void> {
    this.signal('SIGCONT');
    this.signal('SIGTERM');
    await this.ended;
  }

  /** As a power cut does. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }
}
