import type { ByteSource } from '../byte-source.ts';
import { CorruptDiskError } from '../errors.ts';
import { readEntries, type GrainTables } from './grain-tables.ts';
import { SECTOR, type SparseHeader } from './header.ts';

const SKIP_BYTES = 64 * 1024;

/**
 * Passes over what lies between the header and the first grain: descriptor, redundant tables, padding. If the
 * grain directory is there (the file was written by a program that could seek), reads it and its tables.
 */
export async function readFront(
  source: ByteSource,
  header: SparseHeader,
  tables: GrainTables,
  signal: AbortSignal,
): Promise<Uint32Array | undefined> {
  const { directorySector, overhead } = header;
  if (directorySector === undefined || header.tableCount === 0) {
    await skipTo(source, overhead, signal);
    return directorySector === undefined ? undefined : new Uint32Array(0);
  }
  if (directorySector + header.directorySectors > overhead)
    throw new CorruptDiskError(
      `the grain directory at sector ${directorySector} lies beyond the overhead of ${overhead} sectors`,
      source.position,
    );
  await skipTo(source, directorySector, signal);
  const bytes = await source.take(header.directorySectors * SECTOR, 'the grain directory', signal);
  const directory = readEntries(bytes, header.tableCount);
  const sectors = [...new Set(directory)].filter((sector) => sector !== 0).sort((a, b) => a - b);
  for (const sector of sectors) {
    if (sector + header.tableSectors > overhead)
      throw new CorruptDiskError(
        `the grain table at sector ${sector} lies beyond the overhead`,
        source.position,
      );
    await skipTo(source, sector, signal);
    tables.table(await source.take(header.tableSectors * SECTOR, 'a grain table', signal), sector);
  }
  await skipTo(source, overhead, signal);
  return directory;
}

async function skipTo(source: ByteSource, sector: number, signal: AbortSignal): Promise<void> {
  let left = sector * SECTOR - source.position;
  if (left < 0)
    throw new CorruptDiskError(`metadata at sector ${sector} overlaps what came before`, source.position);
  for (; left > 0; left -= SKIP_BYTES) await source.take(Math.min(left, SKIP_BYTES), 'the front', signal);
}
