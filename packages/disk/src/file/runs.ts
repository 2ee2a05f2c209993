import type { ImageFile } from './image-file.ts';

/** Bytes of the disk that read as zero. */
export interface ZeroRun {
  readonly kind: 'zero';
  readonly length: number;
}
/** Bytes of the disk that lie in a file as they are. */
export interface StoredRun {
  readonly kind: 'stored';
  readonly length: number;
  readonly file: ImageFile;
  readonly position: number;
}
/** Bytes of the disk that lie in a compressed unit (a grain, a cluster), which must be unpacked whole. */
export interface PackedRun {
  readonly kind: 'packed';
  readonly length: number;
  /** Names the unit among all of the disk. */
  readonly key: string;
  /** Where the run starts in the unpacked unit. */
  readonly skip: number;
  /** Bytes of the unit that lie inside the disk; `unpack` gives exactly so many. */
  readonly unitLength: number;
  readonly unpack: (signal: AbortSignal) => Promise<Uint8Array>;
}
export type Run = ZeroRun | StoredRun | PackedRun;

/** Tells where the bytes of a disk, or of one extent of it, lie. */
export interface RunSource {
  readonly size: number;
  /**
   * Runs that cover the disk from `offset` on, in order, without gap, none empty: at least one byte and at most
   * `length`; as much as one look at the tables gives.
   */
  locate(offset: number, length: number, signal: AbortSignal): Promise<readonly Run[]>;
}

/** Collects runs and joins neighbours that go on from each other. */
export class RunList {
  readonly runs: Run[] = [];
  // The last run, while it may still grow: large disks have millions of entries, so none gets an object of its own.
  #zero: { kind: 'zero'; length: number } | undefined;
  #stored: { kind: 'stored'; length: number; file: ImageFile; position: number } | undefined;

  zero(length: number): void {
    if (this.#zero) {
      this.#zero.length += length;
      return;
    }
    this.#zero = { kind: 'zero', length };
    this.#stored = undefined;
    this.runs.push(this.#zero);
  }

  stored(file: ImageFile, position: number, length: number): void {
    const last = this.#stored;
    if (last?.file === file && last.position + last.length === position) {
      last.length += length;
      return;
    }
    this.#zero = undefined;
    this.#stored = { kind: 'stored', length, file, position };
    this.runs.push(this.#stored);
  }

  packed(run: Omit<PackedRun, 'kind'>): void {
    this.#zero = undefined;
    this.#stored = undefined;
    this.runs.push({ kind: 'packed', ...run });
  }
}

/** Sources one after the other as one disk. */
export function concatenated(parts: readonly RunSource[]): RunSource {
  const starts: number[] = [];
  let size = 0;
  for (const part of parts) {
    starts.push(size);
    size += part.size;
  }
  return {
    size,
    async locate(offset, length, signal) {
      let low = 0;
      let high = parts.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >>> 1;
        if ((starts[middle] ?? 0) <= offset) low = middle;
        else high = middle - 1;
      }
      const part = parts[low];
      const start = starts[low] ?? 0;
      if (!part) return [];
      return part.locate(offset - start, Math.min(length, start + part.size - offset), signal);
    },
  };
}
