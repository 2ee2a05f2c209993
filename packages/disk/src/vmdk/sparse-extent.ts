import { CorruptDiskError } from '../errors.ts';
import type { ImageFile } from '../file/image-file.ts';
import { RunList, type Run, type RunSource } from '../file/runs.ts';
import type { TablePages } from '../file/table-pages.ts';
import { readGrainDirectory, type GrainDirectory } from './grain-directory.ts';
import { readPackedGrain } from './packed-grain.ts';
import { SECTOR } from './header.ts';

/**
 * Opens a sparse VMDK file of any kind (plain or streamOptimized) as a source of runs. Absent grains are zeros,
 * since deltas were refused by their descriptor. Only the directory is kept; tables are read when needed.
 *
 * A disk that its program did not close is read as long as both copies of its tables agree, since a write that
 * was cut off shows there; where they do not, `CorruptDiskError` says to repair it.
 */
export async function openSparseExtent(
  file: ImageFile,
  pages: TablePages,
  maxTables: number,
  signal: AbortSignal,
): Promise<SparseExtent> {
  return new SparseExtent(file, pages, await readGrainDirectory(file, maxTables, signal));
}

export class SparseExtent implements RunSource {
  readonly size: number;
  readonly tableCount: number;
  readonly #file: ImageFile;
  readonly #pages: TablePages;
  readonly #directory: GrainDirectory;
  readonly #grainBytes: number;
  readonly #tableSpan: number;

  constructor(file: ImageFile, pages: TablePages, directory: GrainDirectory) {
    const { capacity, grainSectors, entriesPerTable } = directory.header;
    this.#file = file;
    this.#pages = pages;
    this.#directory = directory;
    this.size = capacity * SECTOR;
    this.tableCount = directory.tables.length;
    this.#grainBytes = grainSectors * SECTOR;
    this.#tableSpan = this.#grainBytes * entriesPerTable;
  }

  async locate(offset: number, length: number, signal: AbortSignal): Promise<readonly Run[]> {
    const { tables } = this.#directory;
    const index = Math.floor(offset / this.#tableSpan);
    const list = new RunList();
    if (this.#tableAt(index) === 0) {
      let next = index + 1;
      while (next < tables.length && next * this.#tableSpan < offset + length && this.#tableAt(next) === 0)
        next += 1;
      list.zero(Math.min(offset + length, next * this.#tableSpan) - offset);
      return list.runs;
    }
    const tableStart = index * this.#tableSpan;
    const end = Math.min(offset + length, tableStart + this.#tableSpan);
    const first = Math.floor((offset - tableStart) / this.#grainBytes);
    const last = Math.floor((end - 1 - tableStart) / this.#grainBytes);
    const entries = await this.#entries(index, first, last - first + 1, signal);
    let at = offset;
    for (let grain = first; grain <= last; grain += 1) {
      const start = tableStart + grain * this.#grainBytes;
      const until = Math.min(end, start + this.#grainBytes);
      this.#addGrain(list, entries.getUint32((grain - first) * 4, true), start, at, until - at);
      at = until;
    }
    return list.runs;
  }

  #tableAt(index: number): number {
    const { tables, redundant } = this.#directory;
    const sector = tables[index] ?? 0;
    if (redundant && (sector === 0) !== ((redundant[index] ?? 0) === 0)) throw this.#uncleanAt(index);
    return sector;
  }

  async #entries(index: number, first: number, count: number, signal: AbortSignal): Promise<DataView> {
    const { tables, redundant } = this.#directory;
    const read = (sector: number): Promise<Uint8Array> =>
      this.#pages.bytes(this.#file, sector * SECTOR + first * 4, count * 4, signal);
    const bytes = await read(tables[index] ?? 0);
    if (redundant && Buffer.compare(bytes, await read(redundant[index] ?? 0)) !== 0)
      throw this.#uncleanAt(index);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  #addGrain(list: RunList, sector: number, start: number, at: number, length: number): void {
    const { header, taken } = this.#directory;
    if (sector === 0 || (sector === 1 && header.zeroGrains)) {
      list.zero(length);
      return;
    }
    const file = this.#file;
    const position = sector * SECTOR;
    const inDisk = Math.min(this.#grainBytes, this.size - start);
    const stored = header.compressed ? SECTOR : inDisk;
    if (stored > file.size - position && (!header.compressed || position >= file.size))
      throw new CorruptDiskError(
        `the grain of byte ${start} of the disk lies beyond the ${file.size} bytes of ${file.name}`,
        position,
      );
    if (taken.overlaps(position, stored))
      throw new CorruptDiskError(
        `the grain of byte ${start} of the disk lies in the tables of ${file.name}`,
        position,
      );
    if (!header.compressed) list.stored(file, position + at - start, length);
    else
      list.packed({
        length,
        key: `${file.identity}:${position}`,
        skip: at - start,
        unitLength: inDisk,
        unpack: (signal) =>
          readPackedGrain(
            { file, position, sector: start / SECTOR, grainBytes: this.#grainBytes, needed: inDisk },
            signal,
          ),
      });
  }

  #uncleanAt(index: number): CorruptDiskError {
    return new CorruptDiskError(
      `${this.#file.name} was not closed by the program that wrote it, and the two copies of its tables differ: ` +
        'shut down what uses it, or repair it (vmware-vdiskmanager -R)',
      (this.#directory.tables[index] ?? 0) * SECTOR,
    );
  }
}
