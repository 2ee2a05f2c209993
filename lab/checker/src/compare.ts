import { isHoleFrom } from './hole.ts';
import { openDisk, openRaw } from './qcow2.ts';

export interface Comparison {
  readonly equal: boolean;
  readonly bytes: number;
  /** Offset of the first byte that differs; null when equal. */
  readonly firstDifference: number | null;
}

const STEP = 4 * 2 ** 20;

/**
 * Compares every byte of a source disk (a raw file) with a target (raw or qcow2). The target may be longer, as a
 * volume of whole GiB is; what is past the source must then read as zero.
 */
export async function compareDisks(sourcePath: string, targetPath: string): Promise<Comparison> {
  const source = await openRaw(sourcePath);
  const target = await openDisk(targetPath);
  const a = Buffer.alloc(STEP);
  const b = Buffer.alloc(STEP);
  try {
    if (target.size < source.size) return { equal: false, bytes: 0, firstDifference: target.size };
    const end = target.raw && isHoleFrom(targetPath, source.size) ? source.size : target.size;
    for (let offset = 0; offset < end; offset += STEP) {
      if (offset >= source.size && offset - STEP < source.size) a.fill(0);
      const length = Math.min(STEP, end - offset);
      const left = a.subarray(0, length);
      const right = b.subarray(0, length);
      const isTail = offset >= source.size;
      // What is past the source must read as zero: there is nothing of the source to read.
      await Promise.all([isTail ? undefined : source.read(offset, left), target.read(offset, right)]);
      if (!left.equals(right)) {
        const index = left.findIndex((byte, at) => byte !== right[at]);
        return { equal: false, bytes: offset + index, firstDifference: offset + index };
      }
    }
    return { equal: true, bytes: source.size, firstDifference: null };
  } finally {
    await source.close();
    await target.close();
  }
}
