import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What is measured: a command of its own, so that starting is paid by everybody alike. */
export interface Contender {
  readonly name: string;
  /** Run by bash, so that a command may have several parts; every byte is on the disk when it ends. */
  readonly command: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Before each run, not measured. */
  readonly prepare?: () => Promise<void>;
  /** After each run, not measured: throws when the work was not done. */
  readonly check?: () => Promise<void>;
}

export interface Figures {
  /** Wall time. */
  readonly seconds: number;
  /** Processor time of all its processes; seconds. */
  readonly processor: number;
  /** The most that one of its processes had resident; bytes. */
  readonly bytes: number;
  /** What the last line of its output says, when that is a JSON object. */
  readonly said: Readonly<Record<string, unknown>>;
}

export interface Measured {
  readonly name: string;
  readonly runs: readonly Figures[];
  readonly median: Figures;
}

async function runOnce(contender: Contender): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'guts-bench-'));
  const figures = join(folder, 'figures');
  try {
    await contender.prepare?.();
    const child = spawn(
      '/usr/bin/time',
      ['-f', '%e %U %S %M', '-o', figures, 'bash', '-c', contender.command],
      { env: { ...process.env, ...contender.env }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`${contender.name} ended with ${code}: ${contender.command}`);
    const last = (await readFile(figures, 'utf8')).trim().split('\n').at(-1) ?? '';
    const [seconds = NaN, user = NaN, system = NaN, kib = NaN] = last.split(' ').map(Number);
    await contender.check?.();
    return { seconds, processor: user + system, bytes: kib * 1024, said: jsonOf(output) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function jsonOf(output: string): Readonly<Record<string, unknown>> {
  const last = output.trim().split('\n').at(-1) ?? '';
  return last.startsWith('{') ? (JSON.parse(last) as Record<string, unknown>) : {};
}

/** All in turn, so many rounds, so that whatever else the machine does meets all of them. */
export async function measureInTurn(
  contenders: readonly Contender[],
  rounds: number,
  onRun: (name: string, figures: Figures) => void,
): Promise<Measured[]> {
  const runs = contenders.map(() => [] as Figures[]);
  for (let round = 0; round < rounds; round += 1)
    for (const [index, contender] of contenders.entries()) {
      const figures = await runOnce(contender);
      onRun(contender.name, figures);
      runs[index]?.push(figures);
    }
  return contenders.map(({ name }, index) => {
    const all = runs[index] ?? [];
    return { name, runs: all, median: medianOf(all) };
  });
}

function medianOf(all: readonly Figures[]): Figures {
  const middle = (of: (one: Figures) => number): number =>
    all.map(of).toSorted((one, other) => one - other)[Math.floor((all.length - 1) / 2)] ?? NaN;
  return {
    seconds: middle((one) => one.seconds),
    processor: middle((one) => one.processor),
    bytes: middle((one) => one.bytes),
    said: all.at(-1)?.said ?? {},
  };
}
