import type { MappedExtent } from '../types.ts';

/** Zeros are looked for in blocks of this many bytes: the grain of VMDK and the cluster of qcow2. */
export const ZERO_BLOCK = 64 * 1024;
const ZEROS = new Uint8Array(ZERO_BLOCK);

/** Whether all bytes are zero. */
export function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += ZERO_BLOCK) {
    const block = bytes.subarray(at, at + ZERO_BLOCK);
    if (Buffer.compare(block, block.length === ZERO_BLOCK ? ZEROS : ZEROS.subarray(0, block.length)) !== 0)
      return false;
  }
  return true;
}

/** Splits a buffer into runs of data and of zeros, in whole blocks but for the last. Offsets count from its start. */
export function zeroRuns(buffer: Uint8Array): MappedExtent[] {
  const runs: MappedExtent[] = [];
  for (let offset = 0; offset < buffer.length; offset += ZERO_BLOCK) {
    const block = buffer.subarray(offset, offset + ZERO_BLOCK);
    const kind = isZero(block) ? 'zero' : 'data';
    const last = runs.at(-1);
    if (last?.kind === kind) runs[runs.length - 1] = { ...last, length: last.length + block.length };
    else runs.push({ offset, length: block.length, kind });
  }
  return runs;
}
