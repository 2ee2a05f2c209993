import { setMaxListeners } from 'node:events';
import type { DiskReader, MappedExtent } from '../src/index.ts';
import { qemuImg } from './qemu.ts';
import { collect } from './support.ts';

/** A disk that has everything: noise, what shrinks, zeros, an odd end. */
export function mixedDisk(size: number, noiseOf: (length: number, seed: number) => Uint8Array): Uint8Array {
  const disk = new Uint8Array(size);
  const put = (at: number, bytes: Uint8Array): void => {
    if (at + bytes.length <= size) disk.set(bytes, at);
  };
  put(0, noiseOf(70_000, 1));
  put(300_000, new Uint8Array(200_000).fill(0x41));
  put(Math.floor(size / 2) + 513, noiseOf(66_000, 2));
  put(size - 512, noiseOf(512, 3));
  return disk;
}

export interface Judgement {
  /** What is not as it should be; empty for a sound reader. */
  readonly wrong: readonly string[];
  readonly map: readonly MappedExtent[];
}

/**
 * Reads the disk whole, then in pieces of awkward sizes at awkward places, many at once, and by its map, and compares
 * all with the bytes of `disk`.
 */
export async function judge(reader: DiskReader, disk: Uint8Array): Promise<Judgement> {
  const { signal } = new AbortController();
  // Many reads at once wait on it, on purpose.
  setMaxListeners(0, signal);
  if (reader.size !== disk.length)
    return { wrong: [`${reader.size} bytes instead of ${disk.length}`], map: [] };
  const wrong: string[] = [];
  const compare = async (start: number, length: number): Promise<void> => {
    const piece = new Uint8Array(length).fill(0xee);
    await reader.read(start, piece, signal);
    const right = disk.subarray(start, start + length);
    if (Buffer.compare(piece, right) !== 0)
      wrong.push(`byte ${start + piece.findIndex((byte, at) => byte !== right[at])}, read from ${start}`);
  };
  await compare(0, disk.length);
  const step = Math.max(1, Math.floor(disk.length / 37));
  const pieces: Promise<void>[] = [];
  for (let at = 0; at < disk.length; at += step) {
    const start = Math.max(0, at - 13);
    pieces.push(compare(start, Math.min(disk.length - start, (at % 5) * 7001 + 1)));
  }
  await Promise.all(pieces);

  const map = await collect(reader.extents(signal));
  let end = 0;
  for (const { offset, length, kind } of map) {
    if (offset !== end) wrong.push(`the map goes from ${end} to ${offset}`);
    end = offset + length;
    if (kind === 'zero' && disk.subarray(offset, end).some((byte) => byte !== 0))
      wrong.push(`the map calls ${offset} to ${end} zero`);
  }
  if (end !== disk.length) wrong.push(`the map ends at ${end}`);
  return { wrong, map };
}

/** What the map calls zero but qemu-img's map calls data. */
export function unlikeQemu(map: readonly MappedExtent[], file: string, format: string): MappedExtent[] {
  const theirs = JSON.parse(qemuImg('map', '--output=json', '-f', format, file)) as {
    start: number;
    length: number;
    zero: boolean;
  }[];
  const data = theirs.filter(({ zero }) => !zero);
  return map.filter(
    ({ offset, length, kind }) =>
      kind === 'zero' && data.some((run) => run.start < offset + length && offset < run.start + run.length),
  );
}

/** Bytes that the map calls data. */
export function dataBytes(map: readonly MappedExtent[]): number {
  return map.reduce((sum, { length, kind }) => sum + (kind === 'data' ? length : 0), 0);
}
