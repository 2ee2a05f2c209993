import { createHash } from 'node:crypto';

/** Numbers from 0 up to 1 (never 1), the same for the same seed on every machine: SHA-256 of seed and counter. */
export function random(seed: number): () => number {
  let block = Buffer.alloc(0);
  let offset = 0;
  let counter = 0;
  return () => {
    if (offset === block.length) {
      block = createHash('sha256').update(`${seed}:${counter}`).digest();
      counter += 1;
      offset = 0;
    }
    const drawn = block.readUInt32LE(offset);
    offset += 4;
    return drawn / 2 ** 32;
  };
}
