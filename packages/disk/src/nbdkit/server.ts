import { systemClock, type CopyClock } from '../copy/clock.ts';
import { NbdError } from '../nbd/errors.ts';
import { listNbdExports } from '../nbd/list.ts';
import type { NbdTarget } from '../nbd/uri.ts';
import { Child, type SpawnChild } from './child.ts';
import { argumentsOf, checkCommand, environmentOf, type NbdkitCommand } from './command.ts';
import { NbdkitError } from './errors.ts';
import { ServerFolder } from './folder.ts';

/** What nbdkits are run with. */
export interface NbdkitParts {
  /** Folder below which each has a folder of its own (0700). Its path must be short: it is that of sockets. */
  readonly runDir: string;
  readonly spawn: SpawnChild;
  /** Ours: the little of it that nbdkit gets is taken from it. */
  readonly env: NodeJS.ProcessEnv;
  readonly clock?: CopyClock;
  /** From its start until it answers. Seconds; default 60: a library may look for its server when it is loaded. */
  readonly readySeconds?: number;
  /** From being asked to end until it is killed. Seconds; default 5. */
  readonly graceSeconds?: number;
}

/** Between two looks whether it listens; milliseconds. */
const LOOK_MS = 20;
/** For one handshake of those looks; seconds. */
const GREETING_SECONDS = 5;

/** An nbdkit that listens on a socket that nobody else can reach. */
export class NbdkitServer {
  readonly target: NbdTarget;
  readonly #child: Child;
  readonly #folder: ServerFolder;
  readonly #graceSeconds: number;
  readonly #plugin: string;
  #stopping: Promise<void> | undefined;

  private constructor(child: Child, folder: ServerFolder, plugin: string, graceSeconds: number) {
    this.#child = child;
    this.#folder = folder;
    this.#plugin = plugin;
    this.#graceSeconds = graceSeconds;
    this.target = {
      address: { kind: 'unix', path: folder.socket },
      exportName: '',
      secure: false,
    };
  }

  /**
   * Starts one and waits until it answers. Whatever happens, its secrets are gone from the disk afterwards, and if
   * it throws so is the process.
   * Throws `NbdkitError`: `nbdkit_usage`, `nbdkit_missing`, `nbdkit_no_plugin`, `nbdkit_failed`, `nbdkit_late`; the
   * signal's reason when aborted.
   */
  static async start(
    command: NbdkitCommand,
    { runDir, spawn, env, clock = systemClock, readySeconds = 60, graceSeconds = 5 }: NbdkitParts,
    signal: AbortSignal,
  ): Promise<NbdkitServer> {
    signal.throwIfAborted();
    checkCommand(command);
    const folder = await ServerFolder.make(runDir);
    let server: NbdkitServer | undefined;
    try {
      const files: [string, string][] = [];
      for (const [name, secret] of Object.entries(command.secrets))
        files.push([name, await folder.putSecret(secret)]);
      signal.throwIfAborted();
      const handle = spawn(command.program, argumentsOf(command, folder.socket, files), {
        env: environmentOf(env),
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const child = new Child(handle, clock, Object.values(command.secrets));
      server = new NbdkitServer(child, folder, command.plugin, graceSeconds);
      if (child.pid !== undefined) await folder.noteServer(child.pid);
      await server.#ready(command.program, clock, readySeconds, signal);
      await folder.dropSecrets();
      return server;
    } catch (error) {
      await folder.dropSecrets();
      await (server?.stop() ?? folder.remove());
      throw error;
    }
  }

  /** Whether it runs, and is not being ended. */
  get usable(): boolean {
    return this.#child.end === undefined && this.#stopping === undefined;
  }

  /** Its process; undefined: it never began. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether the process has ended by then. */
  endsWithin(milliseconds: number): Promise<boolean> {
    return this.#child.endsWithin(milliseconds);
  }

  /** What became of it and what it said last, as it stands in messages. */
  get state(): string {
    return `nbdkit ${this.#plugin} ${this.#child.fate}${this.#child.said.text}`;
  }

  /** What it said last, as the end of a message. */
  get said(): string {
    return this.#child.said.text;
  }

  /** Ends it, by force after a while, and removes its folder unless the system holds on to the process. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    // What is left of one that cannot be killed, the next worker to start takes away.
    if (await this.#child.stop(this.#graceSeconds)) await this.#folder.remove();
  }

  async #ready(program: string, clock: CopyClock, seconds: number, signal: AbortSignal): Promise<void> {
    const deadline = clock.monotonic() + seconds * 1000;
    for (;;) {
      const left = deadline - clock.monotonic();
      if (this.#child.end) throw this.#early(program);
      if (left <= 0)
        throw new NbdkitError(
          'nbdkit_late',
          `nbdkit ${this.#plugin} did not answer within ${seconds} seconds${this.said}`,
        );
      try {
        const connectSeconds = Math.min(GREETING_SECONDS, left / 1000);
        await listNbdExports({ target: this.target, connectSeconds, clock }, signal);
        return;
      } catch (error) {
        signal.throwIfAborted();
        // Not there yet, or busy, or gone: the next look tells.
        if (!(error instanceof NbdError && error.retryable)) throw error;
      }
      await clock.sleep(LOOK_MS, signal);
    }
  }

  /** The error of a server that ended before it listened */
  #early(program: string): NbdkitError {
    const { end, said } = this.#child;
    if (end?.error) {
      const gone = ['ENOENT', 'EACCES', 'ENOTDIR'].includes(end.error.code ?? '');
      return new NbdkitError(
        gone ? 'nbdkit_missing' : 'nbdkit_failed',
        `${program} cannot be started: ${end.error.message}`,
        { cause: end.error },
      );
    }
    return new NbdkitError(
      said.lines.some((line) => isNoPlugin(line)) ? 'nbdkit_no_plugin' : 'nbdkit_failed',
      `${this.state}, before it served anything`,
    );
  }
}

/** What nbdkit says of a plugin that is not there or cannot be loaded (server/plugins.c of nbdkit). */
export function isNoPlugin(line: string): boolean {
  return /cannot open (?:plugin|filter) |nbdkit-[\w-]+-plugin\.so: cannot open shared object file/.test(line);
}
