import { CorruptDiskError } from '../errors.ts';
import type { BatchMemory, InflateThreads } from '../threads/inflate-threads.ts';
import { sharedBytes } from '../threads/shared-bytes.ts';
import type { DiskChunk } from '../types.ts';
import { maxCompressedGrain, SECTOR } from './header.ts';
import type { CompressedGrain } from './markers.ts';

/** How grains are put together. */
export interface BatchShape {
  /** Of the disk; bytes. */
  readonly size: number;
  readonly grainBytes: number;
  /** Bytes that a batch inflates to at most, unless a single grain does to more. */
  readonly batchBytes: number;
}
interface Placed {
  /** On the disk. */
  readonly offset: number;
  /** Of its marker in the stream. */
  readonly position: number;
}

/** Grains that are inflated by one request. Its memory is used again for other grains. */
export class GrainBatch {
  readonly #shape: BatchShape;
  readonly #most: number;
  readonly #memory: BatchMemory;
  readonly #places: Uint32Array;
  readonly #grains: Placed[] = [];
  #inputUsed = 0;
  #outputUsed = 0;

  constructor(shape: BatchShape) {
    const { grainBytes, batchBytes } = shape;
    this.#shape = shape;
    this.#most = Math.max(1, Math.floor(batchBytes / grainBytes));
    // It is the system's until it is written to.
    this.#memory = {
      input: sharedBytes(this.#most * maxCompressedGrain(grainBytes)),
      output: sharedBytes(this.#most * grainBytes),
    };
    this.#places = new Uint32Array(4 * this.#most);
  }

  get empty(): boolean {
    return this.#grains.length === 0;
  }
  get full(): boolean {
    return this.#grains.length === this.#most;
  }

  clear(): void {
    this.#grains.length = 0;
    this.#inputUsed = 0;
    this.#outputUsed = 0;
  }

  /** Copies the grain. */
  add({ lba, bytes, position }: CompressedGrain): void {
    const { size, grainBytes } = this.#shape;
    const offset = lba * SECTOR;
    const needed = Math.min(grainBytes, size - offset);
    this.#memory.input.set(bytes, this.#inputUsed);
    this.#places.set([this.#inputUsed, bytes.length, this.#outputUsed, needed], 4 * this.#grains.length);
    this.#grains.push({ offset, position });
    this.#inputUsed += bytes.length;
    this.#outputUsed += needed;
  }

  /** @throws CorruptDiskError for the first grain that is not sound */
  async inflate(threads: InflateThreads): Promise<void> {
    const places = this.#places.subarray(0, 4 * this.#grains.length);
    const { grainBytes } = this.#shape;
    const { bad } = await threads.inflate({ ...this.#memory, places, grainBytes });
    if (bad) throw new CorruptDiskError(`a grain ${bad.reason}`, this.#grains[bad.grain]?.position ?? 0);
  }

  /** What was inflated; grains that follow each other are one. Good until the batch is cleared. */
  *chunks(): Generator<DiskChunk> {
    let first = 0;
    for (let grain = 1; grain <= this.#grains.length; grain += 1) {
      if (grain < this.#grains.length && this.#offset(grain) === this.#end(grain - 1)) continue;
      const from = this.#places[4 * first + 2] ?? 0;
      const offset = this.#offset(first);
      yield { offset, data: this.#memory.output.subarray(from, from + this.#end(grain - 1) - offset) };
      first = grain;
    }
  }

  #offset(grain: number): number {
    return this.#grains[grain]?.offset ?? NaN;
  }
  #end(grain: number): number {
    return this.#offset(grain) + (this.#places[4 * grain + 3] ?? NaN);
  }
}

/**
 * Puts grains together to batches. Where the grains end by an error, those that came before it are given first.
 * @param empty gives a batch to fill
 */
export async function* batched(
  grains: AsyncIterable<CompressedGrain>,
  empty: () => GrainBatch,
): AsyncGenerator<GrainBatch> {
  let batch = empty();
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const grain of grains) {
      batch.add(grain);
      if (!batch.full) continue;
      yield batch;
      batch = empty();
    }
  } catch (error) {
    failure = { error };
  }
  if (!batch.empty) yield batch;
  if (failure) throw failure.error;
}
