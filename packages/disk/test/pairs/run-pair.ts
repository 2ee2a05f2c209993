import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inject } from 'vitest';
import { ChunkThreads } from '../../src/index.ts';
import { DEVICE_TARGETS } from './device-targets.ts';
import { FILE_SOURCES } from './file-sources.ts';
import { IMAGE_TARGETS } from './image-targets.ts';
import { NBD_TARGETS } from './nbd-targets.ts';
import { type CaseOutcome, runCase } from './one-case.ts';
import { plans } from './plan.ts';
import { QEMU_TARGETS } from './qemu-targets.ts';
import { SERVED_SOURCES } from './served-sources.ts';
import type { SourceKind } from './sources.ts';
import type { TargetKind } from './targets.ts';

export interface Pair {
  readonly name: string;
  readonly source: SourceKind;
  readonly target: TargetKind;
}

const pairsTo = (targets: readonly TargetKind[]): readonly Pair[] =>
  [...FILE_SOURCES, ...SERVED_SOURCES].flatMap((source) =>
    targets.map((target) => ({ name: `${source.name} to ${target.name}`, source, target })),
  );

/** Every reader with every writer. */
export const PAIRS = pairsTo([...DEVICE_TARGETS, ...NBD_TARGETS, ...IMAGE_TARGETS]);
/** Every reader with the writers that need qemu-nbd. */
export const QEMU_PAIRS = pairsTo(QEMU_TARGETS);

/** Seeds of one run of all pairs lie so far apart at least. */
const PAIR_SEEDS = 1009;
const hash = (name: string): number => createHash('sha256').update(name).digest().readUInt32LE() % 1_000_000;

/** What became of all cases of a pair together. */
export interface PairOutcome {
  readonly cases: number;
  readonly attempts: number;
  readonly resumed: number;
  readonly mended: number;
}

/**
 * Runs cases of one pair. A failure tells what runs it again: GUTS_PAIRS_SEED and GUTS_PAIRS_PATH with the pair's name
 * in GUTS_PAIRS_ONLY. What waits for the kernel or a socket may come in another order then, so a case may need
 * several runs to fail again.
 */
export async function runPair(
  { name, source, target }: Pair,
  cases: number,
  seed: number,
): Promise<PairOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'guts-pairs-'));
  const outcomes: CaseOutcome[] = [];
  const entry = new URL('chunk-thread.js', pathToFileURL(inject('guts')));
  const threads = new ChunkThreads({ entry, count: 2 });
  try {
    const path = process.env['GUTS_PAIRS_PATH'];
    const property = fc.asyncProperty(plans, async (plan) => {
      outcomes.push(await runCase(source, target, plan, threads, folder));
    });
    const details = await fc.check(property, {
      // Other cases for each pair; what a failure told of is taken as it was told.
      seed: path === undefined ? seed + PAIR_SEEDS * hash(name) : seed,
      numRuns: path === undefined ? cases : 1,
      // A failure is told as it was met: to make it smaller would take minutes.
      endOnFailure: process.env['GUTS_PAIRS_SHRINK'] !== '1',
      ...(path === undefined ? {} : { path }),
    });
    if (details.failed)
      throw new Error(
        `${name} failed. Again: GUTS_PAIRS_ONLY='${name}' GUTS_PAIRS_SEED=${details.seed} GUTS_PAIRS_PATH=${details.counterexamplePath}\n` +
          JSON.stringify(details.counterexample?.[0]),
        { cause: details.errorInstance },
      );
  } finally {
    await threads.close();
    await rm(folder, { recursive: true, force: true });
  }
  const sum = (of: (outcome: CaseOutcome) => number): number =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0);
  return {
    cases: outcomes.length,
    attempts: sum(({ attempts }) => attempts),
    resumed: sum(({ resumed }) => resumed),
    mended: sum(({ mended }) => (mended ? 1 : 0)),
  };
}
