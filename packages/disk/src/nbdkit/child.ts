import type { CopyClock } from '../copy/clock.ts';
import { Said } from './said.ts';

/** What is used of a child process of Node. */
export interface ChildHandle {
  readonly pid?: number | undefined;
  readonly stdout: NodeJS.ReadableStream | null;
  readonly stderr: NodeJS.ReadableStream | null;
  kill(signal: NodeJS.Signals): boolean;
  once(event: 'error', told: (error: Error) => void): unknown;
  once(event: 'exit' | 'close', told: (code: number | null, signal: NodeJS.Signals | null) => void): unknown;
}

/** Starts a program, never through a shell; `spawn` of node:child_process does. */
export type SpawnChild = (
  program: string,
  args: readonly string[],
  options: {
    readonly env: NodeJS.ProcessEnv;
    readonly stdio: ['ignore', 'ignore' | 'pipe', 'pipe'];
  },
) => ChildHandle;

/** How a child ended; `error`: it never began. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error: NodeJS.ErrnoException | null;
}

/** What a child still says after it has ended is waited for so long; milliseconds. */
const LAST_WORDS_MS = 300;
/** A process that is killed is gone by then, unless the system holds it; milliseconds. */
const KILL_MS = 5000;

/** A running program whose last words are kept. */
export class Child {
  readonly pid: number | undefined;
  /** Resolves when it has ended; never rejects. */
  readonly over: Promise<ChildEnd>;
  readonly said: Said;
  readonly #handle: ChildHandle;
  readonly #clock: CopyClock;
  #end: ChildEnd | undefined;

  /** @param secrets texts that are struck out of what it says */
  constructor(handle: ChildHandle, clock: CopyClock, secrets: readonly string[] = []) {
    this.#handle = handle;
    this.#clock = clock;
    this.pid = handle.pid;
    this.said = new Said(secrets);
    handle.stderr?.on('data', (chunk: Buffer) => this.said.add(chunk));
    this.over = new Promise((resolve) => {
      const ended = (end: ChildEnd): void => {
        this.#end ??= end;
        resolve(this.#end);
      };
      handle.once('error', (error) => ended({ code: null, signal: null, error }));
      handle.once('close', (code, signal) => ended({ code, signal, error: null }));
      // A grandchild may keep the pipe of its words open: then `close` never comes.
      handle.once('exit', (code, signal) => {
        void clock.sleep(LAST_WORDS_MS).then(() => ended({ code, signal, error: null }));
      });
    });
  }

  /** How it ended; undefined: it runs. */
  get end(): ChildEnd | undefined {
    return this.#end;
  }

  /** How it ended, in words. */
  get fate(): string {
    if (!this.#end) return 'runs';
    const { code, signal, error } = this.#end;
    if (error) return error.message;
    return signal === null ? `ended with ${code}` : `was ended by ${signal}`;
  }

  /** Asks it to end, and kills it after a while. False: the system does not let go of it. */
  async stop(graceSeconds: number): Promise<boolean> {
    for (const [how, milliseconds] of [
      ['SIGTERM', graceSeconds * 1000],
      ['SIGKILL', KILL_MS],
    ] as const) {
      if (this.#end) return true;
      this.#handle.kill(how);
      if (await this.endsWithin(milliseconds)) return true;
    }
    return false;
  }

  /** Whether it has ended by then. */
  async endsWithin(milliseconds: number): Promise<boolean> {
    const done = new AbortController();
    const late = this.#clock.sleep(milliseconds, done.signal).then(
      () => false,
      () => false, // aborted, once it has ended
    );
    const ended = await Promise.race([this.over.then(() => true), late]);
    done.abort();
    return ended;
  }
}
