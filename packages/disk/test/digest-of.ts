import { createCipheriv } from 'node:crypto';
import { digestRuns, type DigestPiece } from '../src/index.ts';

const BLOCK = 64 * 1024;

/** A chunk's digest as the documents have it, by other means than the engine's; undefined: it is zero. */
export function digestOf(chunk: Uint8Array, key: string): string | undefined {
  const runs: { offset: number; blocks: Uint8Array[] }[] = [];
  let end = -1;
  for (let offset = 0; offset < chunk.length; offset += BLOCK) {
    const block = chunk.subarray(offset, offset + BLOCK);
    if (Buffer.alloc(block.length).equals(block)) continue;
    if (end === offset) runs.at(-1)?.blocks.push(block);
    else runs.push({ offset, blocks: [block] });
    end = offset + block.length;
  }
  if (runs.length === 0) return undefined;
  const places = runs.flatMap(({ offset, blocks }) => [offset, Buffer.concat(blocks).length]);
  const trailer = Buffer.from(Uint32Array.from([...places, runs.length]).buffer);
  const gmac = createCipheriv('aes-128-gcm', Buffer.from(key, 'hex'), Buffer.alloc(12));
  gmac.setAAD(Buffer.concat([...runs.flatMap(({ blocks }) => blocks), trailer]));
  gmac.final();
  return gmac.getAuthTag().toString('hex');
}

/** The digests of all chunks that have one, by the chunk's index, in hexadecimal. */
export function toldDigests(pieces: readonly DigestPiece[]): Map<number, string> {
  const told = new Map<number, string>();
  for (const { first, count, tags } of pieces.flatMap(digestRuns))
    for (let at = 0; at < count; at += 1)
      told.set(first + at, tags.subarray(at * 16, at * 16 + 16).toString('hex'));
  return told;
}
