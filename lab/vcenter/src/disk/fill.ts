import { open } from 'node:fs/promises';
import type { DiskSource } from '../options.ts';
import { ALLOCATION, DiskRange, type Disk } from './disk.ts';

/** Writes a disk's first content; areas that are zero stay unallocated. */
export async function fill(disk: Disk, source: DiskSource): Promise<void> {
  if ('file' in source) await fillFromFile(disk, source.file);
  else {
    for (const extent of source.dataExtents ?? [{ offset: 0, length: disk.size }]) {
      for (let at = 0; at < extent.length; at += ALLOCATION) {
        const length = Math.min(ALLOCATION, extent.length - at);
        await disk.write(extent.offset + at, patternBytes(source.pattern, extent.offset + at, length));
      }
    }
  }
}

async function fillFromFile(disk: Disk, path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > disk.size)
      throw new DiskRange(`${path} has ${size} bytes, more than the disk's ${disk.size}.`);
    const chunk = Buffer.alloc(ALLOCATION);
    const zero = Buffer.alloc(ALLOCATION);
    for (let at = 0; at < size;) {
      const { bytesRead } = await file.read(chunk, 0, ALLOCATION, at);
      if (bytesRead === 0) break;
      const part = chunk.subarray(0, bytesRead);
      if (!part.equals(zero.subarray(0, bytesRead))) await disk.write(at, part);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/**
 * Bytes of the repeatable pattern: a xorshift generator started afresh for each 4096 bytes, so any range can be made
 * alone. One 4096-byte page in eight compresses well.
 */
export function patternBytes(seed: number, offset: number, length: number): Buffer {
  const first = Math.floor(offset / 4096);
  const last = Math.floor((offset + length - 1) / 4096);
  const out = Buffer.alloc((last - first + 1) * 4096);
  for (let page = first; page <= last; page += 1) {
    let x = (Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(page + 1, 0x85ebca6b)) >>> 0 || 1;
    const at = (page - first) * 4096;
    if (page % 8 === 7) {
      out.fill(`page ${page} seed ${seed} `, at, at + 4096);
      continue;
    }
    for (let i = 0; i < 4096; i += 4) {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      out.writeUInt32LE(x >>> 0, at + i);
    }
  }
  return out.subarray(offset - first * 4096, offset - first * 4096 + length);
}
