import { Budget } from '../budget.ts';
import { rangeReader } from '../range-reader.ts';
import type { DiskReader, Extent } from '../types.ts';
import type { PackedRun, Run, RunSource } from './runs.ts';
import { SharedCache } from './shared-cache.ts';

/** Bytes of packed and unpacked units in memory at once, whatever the requests. */
const IN_FLIGHT_BYTES = 32 * 1024 * 1024;
const IN_FLIGHT_JOBS = 16;
/** Unpacked units kept for reads that are smaller than a unit; a larger single one is kept, too. */
const CACHE_BYTES = 8 * 1024 * 1024;

/**
 * A random-access reader over a source of runs. What its map calls zero is what it reads as zero without looking,
 * since both ask `locate`. Units are unpacked in parallel, in bounded memory. `close` is called once.
 */
export function runReader(source: RunSource, close: () => Promise<void>): DiskReader {
  const filler = new RunFiller();
  return rangeReader({
    size: source.size,
    map: (signal) => dataExtents(source, signal),
    readRange: (offset, buffer, signal) => readRuns(source, filler, offset, buffer, signal),
    close,
  });
}

async function* dataExtents(source: RunSource, signal: AbortSignal): AsyncGenerator<Extent> {
  let start = 0;
  let at = 0;
  while (at < source.size) {
    for (const run of await source.locate(at, source.size - at, signal)) {
      if (run.kind === 'zero') {
        if (at > start) yield { offset: start, length: at - start };
        start = at + run.length;
      }
      at += run.length;
    }
  }
  if (at > start) yield { offset: start, length: at - start };
}

async function readRuns(
  source: RunSource,
  filler: RunFiller,
  offset: number,
  buffer: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const jobs: Promise<void>[] = [];
  const failures: { readonly error: unknown }[] = [];
  const failed = (error: unknown): void => {
    failures.push({ error });
  };
  try {
    for (let done = 0; done < buffer.length && failures.length === 0;) {
      for (const run of await source.locate(offset + done, buffer.length - done, signal)) {
        const target = buffer.subarray(done, done + run.length);
        done += run.length;
        if (run.kind === 'zero') target.fill(0);
        else {
          const cost = costOf(run);
          await filler.room(cost, signal);
          jobs.push(filler.fill(run, target, cost, signal).catch(failed));
        }
        if (failures.length > 0) break;
      }
    }
  } catch (error) {
    failed(error);
  }
  // The buffer is the caller's again only when nothing writes to it any more.
  await Promise.all(jobs);
  const [failure] = failures;
  if (failure) throw failure.error;
}

type FilledRun = Exclude<Run, { kind: 'zero' }>;

function costOf(run: FilledRun): number {
  return Math.max(run.kind === 'packed' ? 2 * run.unitLength : 0, IN_FLIGHT_BYTES / IN_FLIGHT_JOBS);
}

/** Fills buffers from runs, a bounded number at once. */
class RunFiller {
  readonly #budget = new Budget(IN_FLIGHT_BYTES);
  readonly #units = new SharedCache<Uint8Array>(CACHE_BYTES);
  readonly #never = new AbortController().signal;

  /** Waits for room, which the `fill` that follows gives back. */
  room(cost: number, signal: AbortSignal): Promise<void> {
    return this.#budget.take(cost, signal);
  }

  async fill(run: FilledRun, target: Uint8Array, cost: number, signal: AbortSignal): Promise<void> {
    try {
      if (run.kind === 'stored') await run.file.read(run.position, target, signal);
      else target.set((await this.#unit(run, signal)).subarray(run.skip, run.skip + run.length));
    } finally {
      this.#budget.give(cost);
    }
  }

  #unit(run: PackedRun, signal: AbortSignal): Promise<Uint8Array> {
    if (run.length < run.unitLength)
      return this.#units.get(run.key, run.unitLength, () => run.unpack(this.#never), signal);
    const kept = this.#units.peek(run.key);
    return kept ? Promise.resolve(kept) : run.unpack(signal);
  }
}
