import { alignExtents, subtractExtents } from '../extents.ts';
import type { Extent } from '../types.ts';

/** Zeros are looked for in blocks of this many bytes: the grain of VMDK and the cluster of qcow2. */
export const ZERO_BLOCK = 64 * 1024;
const ZEROS = new Uint8Array(ZERO_BLOCK);

/** Bytes of a chunk that are not zero; whole blocks but at the chunk's end. */
export interface DataRun {
  /** From the start of the chunk. */
  readonly offset: number;
  readonly data: Uint8Array;
}

/** Whether all bytes are zero. */
function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += ZERO_BLOCK) {
    const block = bytes.subarray(at, at + ZERO_BLOCK);
    if (Buffer.compare(block, block.length === ZERO_BLOCK ? ZEROS : ZEROS.subarray(0, block.length)) !== 0)
      return false;
  }
  return true;
}

/**
 * Where a chunk is not zero: the same for the same bytes, however they came. Only the blocks that `parts` touch are
 * looked at; what the buffer holds of the others does not count.
 * @param parts of the chunk that were filled, offsets from its start; the rest of it is zero
 */
export function dataRuns(buffer: Uint8Array, parts: readonly Extent[]): DataRun[] {
  const touched = alignExtents(parts, ZERO_BLOCK, buffer.length);
  // The memory may have been another chunk's.
  for (const { offset, length } of subtractExtents(touched, parts)) buffer.fill(0, offset, offset + length);
  const runs: Extent[] = [];
  for (const { offset: first, length: all } of touched)
    for (let offset = first; offset < first + all; offset += ZERO_BLOCK) {
      const length = Math.min(ZERO_BLOCK, buffer.length - offset);
      if (isZero(buffer.subarray(offset, offset + length))) continue;
      const last = runs.at(-1);
      if (last && last.offset + last.length === offset)
        runs[runs.length - 1] = { offset: last.offset, length: last.length + length };
      else runs.push({ offset, length });
    }
  return runs.map(({ offset, length }) => ({ offset, data: buffer.subarray(offset, offset + length) }));
}
