import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import type { ChildHandle, SpawnChild } from '../src/nbdkit/child.ts';
import type { FakeNbdServer, FakeOptions } from './nbd-server.ts';

/** One start of the fake: what it was started with, and what may be done to it. */
export class FakeNbdkit extends EventEmitter implements ChildHandle {
  /** No process: nobody may be noted as it, or killed. */
  readonly pid = undefined;
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** By parameter, what the files held when it started. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly signals: NodeJS.Signals[] = [];
  /** Of SIGTERM; SIGKILL is heeded always. */
  heeds = true;
  #ended = false;
  readonly #sockets = new Set<Socket>();
  #listener: Server | undefined;

  constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    super();
    this.program = program;
    this.args = args;
    this.env = env;
    this.secrets = Object.fromEntries(
      args.flatMap((arg) => {
        const [, name = '', path = ''] = /^(\w+)=\+(.*)$/.exec(arg) ?? [];
        return path === '' ? [] : [[name, readFileSync(path, 'utf8')]];
      }),
    );
  }

  get socket(): string {
    return this.args[this.args.indexOf('--unix') + 1] ?? '';
  }

  get folder(): string {
    return this.socket.slice(0, this.socket.lastIndexOf('/'));
  }

  /** Listens, and hands every connection to a server of the tests. */
  listen(server: FakeNbdServer): void {
    this.#listener = createServer((socket) => {
      const inner = connect(server.path);
      for (const one of [socket, inner]) {
        this.#sockets.add(one);
        one.on('error', () => undefined);
      }
      socket.on('close', () => inner.destroy());
      inner.on('close', () => socket.destroy());
      socket.pipe(inner).pipe(socket);
    }).listen(this.socket);
  }

  say(text: string): void {
    this.stderr.write(text);
  }

  kill(signal: NodeJS.Signals): boolean {
    this.signals.push(signal);
    if (signal === 'SIGKILL' || this.heeds) this.end(null, signal);
    return true;
  }

  /** It ends: its connections break first, as those of a process do. */
  end(code: number | null, signal: NodeJS.Signals | null = null): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const socket of this.#sockets) socket.destroy();
    this.#listener?.close();
    setImmediate(() => {
      this.emit('exit', code, signal);
      this.emit('close', code, signal);
    });
  }
}

/** Starts fakes, and what each of them does: counts from 0. */
export function spawning(act: (started: FakeNbdkit, number: number) => void): {
  readonly spawn: SpawnChild;
  readonly started: FakeNbdkit[];
} {
  const started: FakeNbdkit[] = [];
  const spawn: SpawnChild = (program, args, { env }) => {
    const one = new FakeNbdkit(program, args, env);
    started.push(one);
    act(one, started.length - 1);
    return one;
  };
  return { spawn, started };
}

/** Serves a disk as nbdkit's default export, over one connection at a time. */
export function exporting(disk: Uint8Array, more: Partial<FakeOptions> = {}): FakeOptions {
  return { exports: { '': { disk, flags: 1 | 2 } }, ...more };
}
