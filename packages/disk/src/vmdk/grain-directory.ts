import { CorruptDiskError, UnsupportedDiskError } from '../errors.ts';
import { readBytes, type ImageFile } from '../file/image-file.ts';
import { takeRanges, type TakenRange, type TakenRanges } from '../file/taken-ranges.ts';
import { readEntries } from './grain-tables.ts';
import { parseSparseHeader, SECTOR, type SparseHeader } from './header.ts';

/** A sparse extent's directory: where its grain tables lie. 4 bytes for each 32 MiB of the disk, usually. */
export interface GrainDirectory {
  readonly header: SparseHeader;
  /** Sector of each grain table, 0 where there is none. */
  readonly tables: Uint32Array;
  /** The second copy, read only where the disk was not closed and so either copy may be stale. */
  readonly redundant: Uint32Array | undefined;
  /** The places of header, descriptor, directory and tables: no grain lies there. */
  readonly taken: TakenRanges;
}

const FOOTER_MARKER = 3;
/** Grain tables that one disk may have, in all its files: 64 TiB in grains of 64 KiB and tables of 512. */
export const MAX_TABLES = 2 ** 21;
/** How much padding is looked through behind the end of a stream, in bytes. */
const MAX_TAIL = 1024 * 1024;

/**
 * Reads header (or footer) and directory of a sparse extent, which may have up to `maxTables` grain tables.
 * Throws `CorruptDiskError` or `UnsupportedDiskError`.
 */
export async function readGrainDirectory(
  file: ImageFile,
  maxTables: number,
  signal: AbortSignal,
): Promise<GrainDirectory> {
  const front = parseSparseHeader(await readBytes(file, 0, SECTOR, signal), 0);
  if (front.capacity === 0) throw new UnsupportedDiskError(`${file.name} is a VMDK of no bytes`);
  if (front.tableCount > maxTables)
    throw new UnsupportedDiskError(
      `${file.name} has ${front.tableCount} grain tables (at most ${MAX_TABLES} are read for a disk)`,
    );
  const header = front.directorySector === undefined ? await readFooter(file, front, signal) : front;
  const tables = await readDirectory(file, header, header.directorySector ?? 0, signal);
  const named: TakenRange[] = [
    { position: 0, length: SECTOR, what: 'the header' },
    {
      position: (header.directorySector ?? 0) * SECTOR,
      length: header.tableCount * 4,
      what: 'the grain directory',
    },
    {
      position: front.descriptorSector * SECTOR,
      length: front.descriptorSectors * SECTOR,
      what: 'the descriptor',
    },
  ];
  const taken = takeTables(file, header, tables, named);
  if (!header.unclean) return { header, tables, redundant: undefined, taken };
  if (header.redundantSector === undefined)
    throw new UnsupportedDiskError(
      `${file.name} was not closed by the program that wrote it and has no second copy of its tables to compare: ` +
        'shut down what uses it, or repair it (vmware-vdiskmanager -R)',
    );
  const redundant = await readDirectory(file, header, header.redundantSector, signal);
  takeTables(file, header, redundant, []);
  return { header, tables, redundant, taken };
}

function takeTables(
  file: ImageFile,
  header: SparseHeader,
  tables: Uint32Array,
  named: readonly TakenRange[],
): TakenRanges {
  const length = header.entriesPerTable * 4;
  const positions = Float64Array.from(tables.filter((sector) => sector !== 0)).map((at) => at * SECTOR);
  for (const position of positions)
    if (length > file.size - position)
      throw new CorruptDiskError(
        `a grain table of ${file.name} lies beyond its ${file.size} bytes`,
        position,
      );
  return takeRanges(named, positions, length, 'a grain table');
}

async function readDirectory(
  file: ImageFile,
  header: SparseHeader,
  sector: number,
  signal: AbortSignal,
): Promise<Uint32Array> {
  return readEntries(
    await readBytes(file, sector * SECTOR, header.tableCount * 4, signal),
    header.tableCount,
  );
}

/**
 * The footer of a stream: the sector before the end-of-stream marker, which is all zeros, behind a marker of its
 * own (Virtual Disk Format 5.0, "Stream-Optimized Compressed Sparse Extents").
 */
async function readFooter(file: ImageFile, front: SparseHeader, signal: AbortSignal): Promise<SparseHeader> {
  const length = Math.min(file.size - (file.size % SECTOR), MAX_TAIL);
  const start = file.size - (file.size % SECTOR) - length;
  const tail = await readBytes(file, start, length, signal);
  let at = length - SECTOR;
  while (at >= 0 && tail.subarray(at, at + SECTOR).every((byte) => byte === 0)) at -= SECTOR;
  const position = start + at;
  if (at < SECTOR || at === length - SECTOR)
    throw new CorruptDiskError(
      `${file.name} does not end with a footer and an end-of-stream marker`,
      position,
    );
  const marker = new DataView(tail.buffer, at - SECTOR, SECTOR);
  if (marker.getUint32(8, true) !== 0 || marker.getUint32(12, true) !== FOOTER_MARKER)
    throw new CorruptDiskError(`the end of ${file.name} has no footer`, position);
  const footer = parseSparseHeader(tail.subarray(at, at + SECTOR), position);
  if (
    footer.capacity !== front.capacity ||
    footer.grainSectors !== front.grainSectors ||
    footer.entriesPerTable !== front.entriesPerTable ||
    footer.compressed !== front.compressed
  )
    throw new CorruptDiskError('the footer contradicts the header', position);
  if (footer.directorySector === undefined)
    throw new CorruptDiskError('the footer names no grain directory', position);
  return footer;
}
