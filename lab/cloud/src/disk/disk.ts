/**
 * Reading disk images, written apart from GUTS' own reader so that a mistake is not made twice.
 * A disk is read in blocks: a block that holds nothing but zeroes by the format's own word is a hole.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { type Disk, DiskError, readAt } from './reading.ts';
import { openQcow2 } from './qcow2.ts';

export async function openDisk(path: string, format: string): Promise<Disk> {
  const file = await open(path, 'r');
  try {
    if (format === 'raw') return await openRaw(file);
    if (format === 'qcow2') return await openQcow2(file);
    throw new DiskError(`The fake reads raw and qcow2 disks, not ${format}.`);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openRaw(file: FileHandle): Promise<Disk> {
  const { size } = await file.stat();
  return {
    size,
    blockSize: 1 << 20,
    read: (offset, length) => readAt(file, offset, Math.min(length, Math.max(0, size - offset))),
    mapped: () => Promise.resolve(true),
    close: () => file.close(),
  };
}

/** Writes the disk's bytes to a raw file, sparse where it can be, which then is `size` bytes long. */
export async function writeRaw(disk: Disk, path: string, size: number): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.truncate(size);
    for (let offset = 0; offset < disk.size; offset += disk.blockSize) {
      if (!(await disk.mapped(offset))) continue;
      const block = await disk.read(offset, disk.blockSize);
      if (!isZero(block)) await file.write(block, 0, block.length, offset);
    }
  } finally {
    await file.close();
  }
}

const ZEROES = Buffer.alloc(1 << 20);

function isZero(block: Buffer): boolean {
  for (let offset = 0; offset < block.length; offset += ZEROES.length) {
    const part = block.subarray(offset, offset + ZEROES.length);
    if (part.compare(ZEROES, 0, part.length) !== 0) return false;
  }
  return true;
}
