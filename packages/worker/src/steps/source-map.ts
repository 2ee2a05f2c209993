import type { DiskReader, DiskStream, Extent } from '@guts/core';

/**
 * Areas that may hold data, told by a reader that knows its map without anybody being asked before; null: it does
 * not, and every byte is read.
 */
export async function areasOf(
  source: DiskReader | DiskStream,
  signal: AbortSignal,
): Promise<readonly Extent[] | null> {
  if (source.kind !== 'reader' || !source.capabilities.knowsMap) return null;
  const areas: Extent[] = [];
  for await (const { kind, offset, length } of source.extents(signal))
    if (kind === 'data') areas.push({ offset, length });
  return areas;
}
