import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';

const execute = promisify(execFile);

/** Runs a command to its end; its output, or an error with what it said. */
export async function run(command: string, ...args: string[]): Promise<string> {
  return (await execute(command, args, { maxBuffer: 64 * 1024 * 1024, timeout: 60_000 })).stdout;
}

/** A server process that was started here. */
export class DiskServer {
  readonly uri: string;
  readonly #child: ChildProcess;
  constructor(child: ChildProcess, uri: string) {
    this.#child = child;
    this.uri = uri;
  }
  async stop(how: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(how);
    // Both wait for their clients to leave, who may be those of a test that failed.
    const rude = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(rude);
  }
}

async function started(
  command: string,
  args: readonly string[],
  uri: string,
  listens: () => Promise<boolean>,
): Promise<DiskServer> {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const server = new DiskServer(child, uri);
  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}`);
    if (await listens()) return server;
    await pause(50);
  }
  await server.stop('SIGKILL');
  throw new Error(`${command} does not listen`);
}

/** nbdkit on a Unix socket. */
export function nbdkit(socket: string, ...args: string[]): Promise<DiskServer> {
  rmSync(socket, { force: true });
  return started('nbdkit', ['-f', '-U', socket, ...args], `nbd+unix:///?socket=${socket}`, async () =>
    existsSync(socket),
  );
}

/** qemu-nbd on a Unix socket, serving on after its last client. */
export function qemuNbd(socket: string, ...args: string[]): Promise<DiskServer> {
  rmSync(socket, { force: true });
  return started('qemu-nbd', ['-t', '-k', socket, ...args], `nbd+unix:///?socket=${socket}`, async () =>
    existsSync(socket),
  );
}

/** qemu-nbd on a free TCP port of this host. It must allow one client more than its test uses: we look whether it listens. */
export async function qemuNbdTcp(...args: string[]): Promise<DiskServer & { readonly port: number }> {
  const port = await freePort();
  const server = await started(
    'qemu-nbd',
    ['-t', '-b', '127.0.0.1', '-p', String(port), ...args],
    `nbd://127.0.0.1:${port}/`,
    () => answers(port),
  );
  return Object.assign(server, { port });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
