import { CorruptDiskError, UnsupportedDiskError } from '../errors.ts';

/**
 * The sparse extent header: VMware "Virtual Disk Format 5.0", sections "Hosted Sparse Extents" and
 * "Stream-Optimized Compressed Sparse Extents". Little-endian; units are sectors of 512 bytes.
 */
export const SECTOR = 512;
const MAGIC = 0x564d444b;
const FLAG_NEWLINES = 1;
const FLAG_REDUNDANT = 1 << 1;
const FLAG_ZERO_GRAINS = 1 << 2;
const FLAG_COMPRESSED = 1 << 16;
const FLAG_MARKERS = 1 << 17;
const AT_END = 0xffff_ffff_ffff_ffffn;
/** Bounds of what is believed, so that a damaged header cannot ask for unbounded memory. */
const MAX_GRAIN_SECTORS = 32 * 1024;
const MAX_TABLE_ENTRIES = 4096;
const MAX_DIRECTORY_BYTES = 64 * 1024 * 1024;

export interface SparseHeader {
  /** Size of the disk in sectors. */
  readonly capacity: number;
  readonly grainSectors: number;
  readonly entriesPerTable: number;
  /** Sector of the grain directory, or undefined if a footer at the end tells. */
  readonly directorySector: number | undefined;
  /** Sectors before the first grain. */
  readonly overhead: number;
  /** Whether grain table entry 1 means a grain of zeros. */
  readonly zeroGrains: boolean;
  /** Whether grains are compressed behind markers (streamOptimized), or stored as they are. */
  readonly compressed: boolean;
  /** Sector of the second copy of directory and tables; undefined where there is none. */
  readonly redundantSector: number | undefined;
  /** The program that wrote the disk did not close it. */
  readonly unclean: boolean;
  /** The embedded descriptor; 0 sectors if there is none. */
  readonly descriptorSector: number;
  readonly descriptorSectors: number;
  readonly tableCount: number;
  readonly tableSectors: number;
  readonly directorySectors: number;
}

/**
 * Reads a header or footer of a stream. Throws like `parseSparseHeader`, and `UnsupportedDiskError` for a
 * sparse disk that is no stream.
 */
export function parseStreamHeader(sector: Uint8Array, position: number): SparseHeader {
  const header = parseSparseHeader(sector, position);
  if (!header.compressed)
    throw new UnsupportedDiskError(
      'this VMDK is sparse but not streamOptimized: convert it or export it as an OVF',
    );
  return header;
}

/** Reads a header or footer sector found at byte `position`. Throws `CorruptDiskError` or `UnsupportedDiskError`. */
export function parseSparseHeader(sector: Uint8Array, position: number): SparseHeader {
  const view = new DataView(sector.buffer, sector.byteOffset, SECTOR);
  const corrupt = (reason: string, at = 0): never => {
    throw new CorruptDiskError(reason, position + at);
  };
  if (view.getUint32(0, true) !== MAGIC) corrupt('this is not a sparse VMDK (no KDMV magic)');
  const version = view.getUint32(4, true);
  if (version < 1 || version > 3)
    throw new UnsupportedDiskError(`VMDK version ${version} is not supported (1 to 3 are)`);
  const flags = view.getUint32(8, true);
  const compressed = (flags & FLAG_COMPRESSED) !== 0;
  if (compressed !== ((flags & FLAG_MARKERS) !== 0))
    throw new UnsupportedDiskError(
      'this VMDK has compressed grains without markers, or markers without compressed grains',
    );
  if (compressed && view.getUint16(77, true) !== 1)
    throw new UnsupportedDiskError(
      `VMDK compression ${view.getUint16(77, true)} is not supported (only deflate, 1, is)`,
    );
  if ((flags & FLAG_NEWLINES) !== 0 && view.getUint32(73, true) !== 0x0a0d200a)
    corrupt('line ends were changed on the way (transferred as text?)', 73);

  const sectors = (at: number, name: string, max: number): number => {
    const value = view.getBigUint64(at, true);
    if (value > BigInt(max)) corrupt(`${name} is ${value}, more than ${max}`, at);
    return Number(value);
  };
  const capacity = sectors(12, 'the capacity', Math.floor(Number.MAX_SAFE_INTEGER / SECTOR));
  const grainSectors = sectors(20, 'the grain size', MAX_GRAIN_SECTORS);
  const entriesPerTable = view.getUint32(44, true);
  const overhead = sectors(64, 'the overhead', 0xffff_ffff);
  if (grainSectors === 0) corrupt('the grain size is 0', 20);
  if (entriesPerTable === 0 || entriesPerTable > MAX_TABLE_ENTRIES)
    corrupt(`a grain table of ${entriesPerTable} entries`, 44);
  if (overhead === 0) corrupt('the overhead is 0, but the header itself takes a sector', 64);
  const tableCount = Math.ceil(capacity / (grainSectors * entriesPerTable));
  if (tableCount * 4 > MAX_DIRECTORY_BYTES)
    corrupt(`a grain directory of ${tableCount} entries is too large`, 12);
  const redundant = view.getBigUint64(48, true);
  const descriptorSector = sectors(28, 'the descriptor sector', 0xffff_ffff);
  const descriptorSectors = sectors(36, 'the size of the descriptor', 0xffff_ffff);
  return {
    capacity,
    grainSectors,
    entriesPerTable,
    directorySector:
      view.getBigUint64(56, true) === AT_END ? undefined : sectors(56, 'the directory sector', 0xffff_ffff),
    overhead,
    zeroGrains: (flags & FLAG_ZERO_GRAINS) !== 0,
    compressed,
    // Streams may have AT_END here; who needs the second copy says that there is none.
    redundantSector:
      (flags & FLAG_REDUNDANT) === 0 || redundant === 0n || redundant > 0xffff_ffffn
        ? undefined
        : Number(redundant),
    unclean: view.getUint8(72) !== 0,
    descriptorSector,
    descriptorSectors: descriptorSector === 0 ? 0 : descriptorSectors,
    tableCount,
    tableSectors: Math.ceil((entriesPerTable * 4) / SECTOR),
    directorySectors: Math.ceil((tableCount * 4) / SECTOR),
  };
}

/** The most bytes that a grain can have when compressed: zlib's own bound whatever its settings (deflateBound), rounded up. */
export function maxCompressedGrain(grainBytes: number): number {
  return grainBytes + Math.ceil(grainBytes / 7) + 64;
}
