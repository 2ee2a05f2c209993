import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Shown } from './compare.ts';

/** How one client is started, and what it is compared by. */
export interface Client {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** What makes it print what it has read. */
  readonly show: readonly string[];
  /** The machines in what it printed then. */
  readonly shown: (file: string) => Promise<Shown[]>;
}

export interface Figures {
  /** Wall time. */
  readonly seconds: number;
  /** Processor time of user and system; seconds. */
  readonly processor: number;
  /** The most memory that was resident. */
  readonly bytes: number;
}

/** Runs it to its end. @param output the file for what it prints @throws Error when it fails, or the signal's reason */
export async function measure(client: Client, output: string, signal: AbortSignal): Promise<Figures> {
  signal.throwIfAborted();
  const args = [join(import.meta.dirname, 'measure.py'), output, ...client.command];
  // A group of its own: what measure.py has started ends with it.
  const child = spawn('/usr/bin/python3', args, {
    env: client.env,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const kill = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
  signal.addEventListener('abort', kill, { once: true });
  try {
    const [printed, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    signal.throwIfAborted();
    if (code !== 0) throw new Error(`${client.name} ended with ${String(code)}`);
    return JSON.parse(printed) as Figures;
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

/** Of each figure by itself. */
export function median(all: readonly Figures[]): Figures {
  const middle = (of: (one: Figures) => number): number =>
    all.map(of).toSorted((one, other) => one - other)[Math.floor(all.length / 2)] ?? NaN;
  return {
    seconds: middle((one) => one.seconds),
    processor: middle((one) => one.processor),
    bytes: middle((one) => one.bytes),
  };
}
