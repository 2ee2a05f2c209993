import { createCipheriv } from 'node:crypto';
import type { Extent } from '../../src/index.ts';
import { dice } from '../dice.ts';

export const SHAPES = ['zero', 'full', 'edges', 'runs', 'blocks'] as const;
export type Shape = (typeof SHAPES)[number];

const BLOCK = 64 * 1024;

/** Bytes as random as ciphertext, the same for the same seed: megabytes of them take no time. */
export function randomBytesOf(length: number, seed: number): Buffer {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed >>> 0);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** A disk of `size` bytes: nothing, noise, single bytes where things meet, runs of any length, or whole blocks. */
export function makeDisk(size: number, shape: Shape, seed: number): Buffer {
  const disk = Buffer.alloc(size);
  const noise = randomBytesOf(size, seed);
  const { roll } = dice(seed);
  if (shape === 'full') return noise;
  if (shape === 'edges') {
    const meeting = BLOCK * roll(1 + Math.ceil(size / BLOCK));
    for (const at of [0, size - 1, meeting - 1, meeting, meeting + 511])
      if (at >= 0 && at < size && roll(3) > 0) disk[at] = 1 + roll(255);
  } else if (shape !== 'zero') {
    const grain = shape === 'blocks' ? [512, 4096, BLOCK][roll(3)]! : 1;
    const most = Math.max(1, Math.floor((150_000 + roll(300_000)) / grain));
    for (let at = roll(most) * grain; at < size; at += (1 + roll(most)) * grain) {
      const end = Math.min(size, at + (1 + roll(most)) * grain);
      // What shrinks, and what does not.
      if (roll(3) === 0) disk.fill(1 + roll(255), at, end);
      else noise.copy(disk, at, at, end);
      at = end;
    }
  }
  return disk;
}

/** Where in steps of `granule` bytes something is not zero; ascending, neighbours joined. */
export function dataExtents(disk: Buffer, granule: number): Extent[] {
  const zeros = Buffer.alloc(granule);
  const found: { offset: number; length: number }[] = [];
  for (let offset = 0; offset < disk.length; offset += granule) {
    const part = disk.subarray(offset, offset + granule);
    if (zeros.subarray(0, part.length).equals(part)) continue;
    const last = found.at(-1);
    if (last && last.offset + last.length === offset) last.length += part.length;
    else found.push({ offset, length: part.length });
  }
  return found;
}
