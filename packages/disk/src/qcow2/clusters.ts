import { CorruptDiskError } from '../errors.ts';
import type { ImageFile } from '../file/image-file.ts';
import { RunList, type Run, type RunSource } from '../file/runs.ts';
import type { TablePages } from '../file/table-pages.ts';
import type { Qcow2Header } from './header.ts';
import { entryPosition, type L1Table } from './l1-table.ts';
import { packedPlace } from './packed-cluster.ts';

const SUBCLUSTERS = 32;
/** Of the high half of an L2 entry: compressed (bit 62); reserved (bits 56 to 61). */
const COMPRESSED = 0x4000_0000;
const RESERVED_HIGH = 0x3f00_0000;
/** Of the low half: reads as zeros (bit 0); reserved (bits 1 to 8). */
const ZERO = 1;
const RESERVED_LOW = 0x1fe;
/** Entries looked at in one go. */
const MAX_ENTRIES = 4096;

/** Unpacks the compressed cluster that lies at [position, position + length) of the file into `clusterSize` bytes. */
export type UnpackCluster = (position: number, length: number, signal: AbortSignal) => Promise<Uint8Array>;

/**
 * The clusters of an image as runs (QEMU, docs/interop/qcow2.txt, "L2 table entry" and "Extended L2 Entries"). What
 * is not allocated is zero, since an image with a backing file was refused.
 */
export class Qcow2Clusters implements RunSource {
  readonly size: number;
  readonly #file: ImageFile;
  readonly #header: Qcow2Header;
  readonly #l1: L1Table;
  readonly #pages: TablePages;
  readonly #unpack: UnpackCluster;
  readonly #entryBytes: number;
  readonly #tableSpan: number;

  constructor(file: ImageFile, header: Qcow2Header, l1: L1Table, pages: TablePages, unpack: UnpackCluster) {
    this.size = header.size;
    this.#file = file;
    this.#header = header;
    this.#l1 = l1;
    this.#pages = pages;
    this.#unpack = unpack;
    this.#entryBytes = header.extendedL2 ? 16 : 8;
    this.#tableSpan = header.clusterSize * (header.clusterSize / this.#entryBytes);
  }

  async locate(offset: number, length: number, signal: AbortSignal): Promise<readonly Run[]> {
    const { clusterSize } = this.#header;
    const { tables } = this.#l1;
    const index = Math.floor(offset / this.#tableSpan);
    const list = new RunList();
    const table = tables[index] ?? 0;
    if (table === 0) {
      let next = index + 1;
      while (next < tables.length && next * this.#tableSpan < offset + length && tables[next] === 0)
        next += 1;
      list.zero(Math.min(offset + length, next * this.#tableSpan) - offset);
      return list.runs;
    }
    const tableStart = index * this.#tableSpan;
    const first = Math.floor((offset - tableStart) / clusterSize);
    const end = Math.min(
      offset + length,
      tableStart + this.#tableSpan,
      tableStart + (first + MAX_ENTRIES) * clusterSize,
    );
    const last = Math.floor((end - 1 - tableStart) / clusterSize);
    const where = table + first * this.#entryBytes;
    const bytes = await this.#pages.bytes(this.#file, where, (last - first + 1) * this.#entryBytes, signal);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = offset;
    for (let cluster = first; cluster <= last; cluster += 1) {
      const start = tableStart + cluster * clusterSize;
      const until = Math.min(end, start + clusterSize);
      const entry = (cluster - first) * this.#entryBytes;
      this.#addCluster(list, view, entry, { start, at, until, entryPosition: where + entry });
      at = until;
    }
    return list.runs;
  }

  #addCluster(list: RunList, view: DataView, entry: number, place: ClusterPlace): void {
    const { version, extendedL2 } = this.#header;
    const high = view.getUint32(entry);
    const low = view.getUint32(entry + 4);
    const length = place.until - place.at;
    if ((high & COMPRESSED) !== 0) {
      this.#addPacked(list, high, low, place);
      return;
    }
    if ((high & RESERVED_HIGH) !== 0 || (low & RESERVED_LOW) !== 0)
      throw new CorruptDiskError('an L2 entry with reserved bits set', place.entryPosition);
    const position = entryPosition(high, low);
    const zero = (low & ZERO) !== 0;
    if (zero && (version === 2 || extendedL2))
      throw new CorruptDiskError('an L2 entry with a bit for zeros that it cannot have', place.entryPosition);
    if (extendedL2)
      this.#addSubclusters(
        list,
        position,
        { zeros: view.getUint32(entry + 8), allocated: view.getUint32(entry + 12) },
        place,
      );
    else if (zero || position === 0) list.zero(length);
    else this.#addStored(list, position, place.at - place.start, length, place);
  }

  #addSubclusters(
    list: RunList,
    position: number,
    { zeros, allocated }: { zeros: number; allocated: number },
    place: ClusterPlace,
  ): void {
    if ((zeros & allocated) !== 0)
      throw new CorruptDiskError('a subcluster that is both zero and allocated', place.entryPosition);
    if (allocated !== 0 && position === 0)
      throw new CorruptDiskError('an allocated subcluster of no cluster', place.entryPosition);
    const subcluster = this.#header.clusterSize / SUBCLUSTERS;
    for (let at = place.at; at < place.until;) {
      const index = Math.floor((at - place.start) / subcluster);
      const until = Math.min(place.until, place.start + (index + 1) * subcluster);
      if (((allocated >>> index) & 1) === 0) list.zero(until - at);
      else this.#addStored(list, position, at - place.start, until - at, place);
      at = until;
    }
  }

  #addStored(list: RunList, cluster: number, skip: number, length: number, place: ClusterPlace): void {
    const position = cluster + skip;
    if (cluster % this.#header.clusterSize !== 0)
      throw new CorruptDiskError(`a cluster at byte ${cluster}, which is no multiple`, place.entryPosition);
    if (position > this.#file.size || length > this.#file.size - position)
      throw new CorruptDiskError(
        `byte ${place.start} of the disk lies at byte ${cluster} of a file of ${this.#file.size}`,
        place.entryPosition,
      );
    if (this.#l1.taken.overlaps(cluster, this.#header.clusterSize))
      throw new CorruptDiskError(
        `byte ${place.start} of the disk lies in the image's own tables`,
        place.entryPosition,
      );
    list.stored(this.#file, position, length);
  }

  #addPacked(list: RunList, high: number, low: number, place: ClusterPlace): void {
    const { clusterSize } = this.#header;
    const { position, length } = packedPlace(high, low, clusterSize);
    // The last sector of a file need not be whole.
    const stored = Math.min(length, this.#file.size - position);
    if (stored <= 0)
      throw new CorruptDiskError(
        `byte ${place.start} of the disk is compressed at byte ${position} of a file of ${this.#file.size}`,
        place.entryPosition,
      );
    if (this.#l1.taken.overlaps(position, stored))
      throw new CorruptDiskError(
        `byte ${place.start} of the disk is compressed in the image's own tables`,
        place.entryPosition,
      );
    list.packed({
      length: place.until - place.at,
      key: String(position),
      skip: place.at - place.start,
      unitLength: Math.min(clusterSize, this.size - place.start),
      unpack: (signal) => this.#unpack(position, stored, signal),
    });
  }
}

interface ClusterPlace {
  /** Where the cluster starts on the disk, and what of it is asked for. */
  readonly start: number;
  readonly at: number;
  readonly until: number;
  /** Where its L2 entry lies in the file, for messages. */
  readonly entryPosition: number;
}
