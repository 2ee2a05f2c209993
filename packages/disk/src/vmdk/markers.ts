import type { ByteSource } from '../byte-source.ts';
import { CorruptDiskError } from '../errors.ts';
import { readFront } from './front.ts';
import { GrainTables, readEntries } from './grain-tables.ts';
import { maxCompressedGrain, parseStreamHeader, SECTOR, type SparseHeader } from './header.ts';

/** A compressed grain as it came; `bytes` is good until the next one is asked for. */
export interface CompressedGrain {
  readonly lba: number;
  readonly bytes: Uint8Array;
  readonly position: number;
}

/** Marker types: Virtual Disk Format 5.0, "Stream-Optimized Compressed Sparse Extents", struct Marker. */
const END = 0;
const TABLE = 1;
const DIRECTORY = 2;
const FOOTER = 3;
const MARKER_HEAD = 12;
/** Sectors that metadata may have beyond its need. */
const MAX_PADDING = 128;

/**
 * Walks the markers after the header. Yields the grains in ascending order and ends only when the disk has been
 * proven whole: the end-of-stream marker came (or, with the directory in front, the stream ended between two
 * markers), and the tables name exactly the grains that came. Otherwise throws `CorruptDiskError`.
 */
export async function* readGrains(
  source: ByteSource,
  header: SparseHeader,
  signal: AbortSignal,
): AsyncGenerator<CompressedGrain> {
  const tables = new GrainTables(header);
  const walk = new MarkerWalk(
    source,
    header,
    tables,
    await readFront(source, header, tables, signal),
    signal,
  );
  for (;;) {
    const grain = await walk.next();
    if (!grain) return;
    yield grain;
  }
}

class MarkerWalk {
  readonly #source: ByteSource;
  readonly #header: SparseHeader;
  readonly #tables: GrainTables;
  readonly #signal: AbortSignal;
  readonly #front: Uint32Array | undefined;
  readonly #maxCompressed: number;
  #directory: { readonly entries: Uint32Array; readonly sector: number } | undefined;
  #footerSeen = false;
  #nextLba = 0;

  constructor(
    source: ByteSource,
    header: SparseHeader,
    tables: GrainTables,
    front: Uint32Array | undefined,
    signal: AbortSignal,
  ) {
    this.#source = source;
    this.#header = header;
    this.#tables = tables;
    this.#front = front;
    this.#signal = signal;
    this.#maxCompressed = maxCompressedGrain(header.grainSectors * SECTOR);
  }

  /** The next grain, or undefined at the proven end. */
  async next(): Promise<CompressedGrain | undefined> {
    for (;;) {
      const position = this.#source.position;
      const sector = await this.#source.peekUpTo(SECTOR, this.#signal);
      if (sector.length === 0 && this.#front) return this.#finish(this.#front, position);
      if (sector.length < MARKER_HEAD)
        throw new CorruptDiskError('the stream ends without an end-of-stream marker', position);
      const view = new DataView(sector.buffer, sector.byteOffset, sector.length);
      const value = view.getBigUint64(0, true);
      const size = view.getUint32(8, true);
      if (size > 0) return this.#grain(value, size, position);
      await this.#source.takeUpTo(SECTOR, this.#signal);
      if (sector.length < SECTOR) throw new CorruptDiskError('the stream ends inside a marker', position);
      const type = view.getUint32(12, true);
      if (type === END) return this.#end(value, position);
      await this.#metadata(type, value, position);
    }
  }

  async #grain(value: bigint, size: number, position: number): Promise<CompressedGrain> {
    const { grainSectors, capacity } = this.#header;
    const lba = Number(value);
    if (this.#directory || this.#footerSeen)
      throw new CorruptDiskError('a grain after the grain directory', position);
    if (value >= BigInt(capacity))
      throw new CorruptDiskError(`a grain at sector ${value} of a disk of ${capacity}`, position);
    if (lba % grainSectors !== 0)
      throw new CorruptDiskError(
        `a grain at sector ${lba}, which is no multiple of ${grainSectors}`,
        position,
      );
    if (lba < this.#nextLba)
      throw new CorruptDiskError(
        `a grain at sector ${lba} after one that ends at ${this.#nextLba}`,
        position,
      );
    if (size > this.#maxCompressed)
      throw new CorruptDiskError(
        `a compressed grain of ${size} bytes, more than deflate can make of one`,
        position,
      );
    this.#nextLba = lba + grainSectors;
    this.#tables.grain(lba, position / SECTOR);

    const total = Math.ceil((MARKER_HEAD + size) / SECTOR) * SECTOR;
    const all = await this.#source.takeUpTo(total, this.#signal);
    // A program that wrote the directory in front may leave out the padding of the very last grain.
    if (all.length < total && (!this.#front || all.length < MARKER_HEAD + size))
      throw new CorruptDiskError('the stream ends inside a grain', this.#source.position);
    return { lba, bytes: all.subarray(MARKER_HEAD, MARKER_HEAD + size), position };
  }

  async #metadata(type: number, value: bigint, position: number): Promise<void> {
    const { tableSectors, directorySectors, tableCount } = this.#header;
    const fileSector = position / SECTOR + 1;
    if (this.#footerSeen) throw new CorruptDiskError(`a marker of type ${type} after the footer`, position);
    if (type === TABLE) {
      this.#tables.table(await this.#body('grain table', value, tableSectors, position), fileSector);
    } else if (type === DIRECTORY) {
      const bytes = await this.#body('grain directory', value, directorySectors, position);
      this.#directory = { entries: readEntries(bytes, tableCount), sector: fileSector };
    } else if (type === FOOTER) {
      const bytes = await this.#body('footer', value, 1, position);
      this.#footer(parseStreamHeader(bytes, position + SECTOR), position);
    } else throw new CorruptDiskError(`a marker of unknown type ${type}`, position);
  }

  async #body(name: string, value: bigint, sectors: number, position: number): Promise<Uint8Array> {
    // Some writers round the directory up.
    if (value < BigInt(sectors) || value > BigInt(sectors + MAX_PADDING))
      throw new CorruptDiskError(`a ${name} of ${value} sectors instead of ${sectors}`, position);
    return this.#source.take(Number(value) * SECTOR, `the ${name}`, this.#signal);
  }

  #footer(footer: SparseHeader, position: number): void {
    const { capacity, grainSectors, entriesPerTable } = this.#header;
    if (
      footer.capacity !== capacity ||
      footer.grainSectors !== grainSectors ||
      footer.entriesPerTable !== entriesPerTable
    )
      throw new CorruptDiskError('the footer contradicts the header', position);
    if (footer.directorySector === undefined || footer.directorySector !== this.#directory?.sector)
      throw new CorruptDiskError('the footer does not point to the grain directory that came', position);
    this.#footerSeen = true;
  }

  async #end(value: bigint, position: number): Promise<undefined> {
    if (value !== 0n) throw new CorruptDiskError('the end-of-stream marker has a value', position);
    if (!this.#front && !this.#footerSeen)
      throw new CorruptDiskError('the stream ends without a footer', position);
    if (!(await this.#source.restIsZero(this.#signal)))
      throw new CorruptDiskError('data after the end-of-stream marker', position + SECTOR);
    const directory = this.#front ?? this.#directory?.entries;
    if (!directory) throw new CorruptDiskError('the stream ends without a grain directory', position);
    return this.#finish(directory, position);
  }

  #finish(directory: Uint32Array, position: number): undefined {
    this.#tables.finish(directory, position);
    return undefined;
  }
}
