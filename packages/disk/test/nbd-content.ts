import { chunk, dataChunk, holeChunk } from './nbd-messages.ts';

/** Numbers that look random and are the same for the same seed. */
export function random(seed: number): (below: number) => number {
  let state = (seed * 2654435761) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const ZEROS = Buffer.alloc(4096);

/** What a server tells of a disk: in blocks of 4 KiB, zero or not (`base:allocation`: 3 is a hole that reads as zero). */
export function zeroMap(disk: Uint8Array): { length: number; state: number }[] {
  const map: { length: number; state: number }[] = [];
  for (let at = 0; at < disk.length; at += 4096) {
    const block = disk.subarray(at, at + 4096);
    const zero = ZEROS.subarray(0, block.length).equals(block);
    map.push({ length: block.length, state: zero ? 3 : 0 });
  }
  return map;
}

/** The data in pieces of any size and order, zeros as holes. */
export function fragments(
  cookie: bigint,
  offset: number,
  data: Uint8Array,
  dice: (below: number) => number,
): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < data.length;) {
    const end = Math.min(data.length, at + 1 + dice(Math.max(1, Math.ceil(data.length / 3))));
    const part = data.subarray(at, end);
    const place = dice(pieces.length + 1);
    pieces.splice(
      place,
      0,
      part.every((byte) => byte === 0)
        ? holeChunk(cookie, false, offset + at, part.length)
        : dataChunk(cookie, false, offset + at, part),
    );
    at = end;
  }
  return [...pieces, chunk(cookie, true, 0)];
}
