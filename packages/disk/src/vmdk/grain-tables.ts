import { createHash } from 'node:crypto';
import { CorruptDiskError } from '../errors.ts';
import type { SparseHeader } from './header.ts';

/**
 * Checks that the grains which came are exactly those the disk's tables name, at the places they name: the
 * only proof that none is missing. Keeps one digest per grain table (of 32 MiB, usually) instead of the tables.
 */
export class GrainTables {
  readonly #header: SparseHeader;
  readonly #empty: string;
  readonly #seen = new Map<number, string>();
  readonly #told = new Map<number, string>();
  #current: Uint32Array | undefined;
  #currentIndex = -1;

  constructor(header: SparseHeader) {
    this.#header = header;
    this.#empty = digest(new Uint32Array(header.entriesPerTable));
  }

  /** A grain of sector `lba` came, its marker at `fileSector`. Grains come in ascending order. */
  grain(lba: number, fileSector: number): void {
    const grain = lba / this.#header.grainSectors;
    const index = Math.floor(grain / this.#header.entriesPerTable);
    if (index !== this.#currentIndex || !this.#current) {
      this.#seal();
      this.#currentIndex = index;
      this.#current = new Uint32Array(this.#header.entriesPerTable);
    }
    this.#current[grain % this.#header.entriesPerTable] = fileSector;
  }

  /** A grain table came, or was met in front, at `fileSector`. */
  table(bytes: Uint8Array, fileSector: number): void {
    const entries = readEntries(bytes, this.#header.entriesPerTable);
    if (this.#header.zeroGrains)
      for (const [at, entry] of entries.entries()) if (entry === 1) entries[at] = 0;
    if (this.#told.size > 2 * this.#header.tableCount)
      throw new CorruptDiskError('more grain tables than the disk can have', fileSector * 512);
    this.#told.set(fileSector, digest(entries));
  }

  /** All has come: compares it with the directory. `position` is where to report. */
  finish(directory: Uint32Array, position: number): void {
    this.#seal();
    for (const [index, sector] of directory.entries()) {
      const seen = this.#seen.get(index);
      const told = sector === 0 ? this.#empty : this.#told.get(sector);
      if (told === undefined)
        throw new CorruptDiskError(
          `the grain directory names sector ${sector}, where no grain table was`,
          position,
        );
      if (told !== (seen ?? this.#empty))
        throw new CorruptDiskError(`the grains that came are not those of grain table ${index}`, position);
    }
  }

  #seal(): void {
    if (this.#current) this.#seen.set(this.#currentIndex, digest(this.#current));
    this.#current = undefined;
  }
}

/** Reads little-endian 32-bit entries. */
export function readEntries(bytes: Uint8Array, count: number): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: count }, (_, at) => view.getUint32(at * 4, true));
}

function digest(entries: Uint32Array): string {
  return createHash('sha256').update(entries).digest('base64').slice(0, 22);
}
