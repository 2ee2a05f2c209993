import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Contender, type Figures, type Measured, measureInTurn } from './measure.ts';

export const MIB = 2 ** 20;
export const GIB = 2 ** 30;

export interface Goal {
  readonly text: string;
  readonly value: number;
  readonly met: boolean;
}
export interface BenchParts {
  /** Where files are made. */
  readonly folder: string;
  /** The test disk, and its extents of data. */
  readonly disk: string;
  readonly extents: readonly { readonly offset: number; readonly length: number }[];
  /** The same as a file of JSON. */
  readonly map: string;
  /** The command of our side. */
  readonly ours: string;
  readonly rounds: number;
  readonly print: (line: string) => void;
}
export interface Outcome {
  readonly measured: readonly Measured[];
  readonly goals: readonly Goal[];
}
export interface Bench {
  readonly number: number;
  readonly title: string;
  /** What its picture shows. Default wall time. */
  readonly shows?: 'memory';
  open(parts: BenchParts): Promise<Outcome>;
}

/** How many times as fast the first is as the second. */
export function speed(measured: readonly Measured[], first: number, second: number): number {
  return (measured[second]?.median.seconds ?? NaN) / (measured[first]?.median.seconds ?? NaN);
}
export const atLeast = (text: string, value: number, least: number): Goal => ({
  text: `${text} (at least ${least})`,
  value,
  met: value >= least,
});
export const atMost = (text: string, value: number, most: number): Goal => ({
  text: `${text} (at most ${most})`,
  value,
  met: value <= most,
});

export async function run(
  { rounds, print }: BenchParts,
  contenders: readonly Contender[],
  times = rounds,
): Promise<Measured[]> {
  const onRun = (name: string, { seconds }: Figures): void => print(`    ${name}: ${seconds.toFixed(2)} s`);
  return measureInTurn(contenders, times, onRun);
}

/** A command that ends well only when both files are the same. */
async function same(one: string, other: string): Promise<void> {
  const child = spawn('cmp', [one, other], { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`${other} is not ${one}`);
}

/** Into a new file, compared with the disk after the first run of each. */
export function intoFile(
  parts: BenchParts,
  name: string,
  command: (target: string) => string,
  env?: NodeJS.ProcessEnv,
): Contender {
  const target = join(parts.folder, 'out.raw');
  let compared = false;
  return {
    name,
    command: command(target),
    ...(env ? { env } : {}),
    prepare: () => rm(target, { force: true }),
    check: async () => {
      if (!compared) await same(parts.disk, target);
      compared = true;
    },
  };
}
