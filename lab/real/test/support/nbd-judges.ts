import { createHash } from 'node:crypto';
import type { DiskReader } from '@guts/disk';
import { run } from './nbd.ts';

export const sha256 = async (bytes: AsyncIterable<Buffer>): Promise<string> => {
  const hash = createHash('sha256');
  for await (const piece of bytes) hash.update(piece);
  return hash.digest('hex');
};

/** What lies there by the reader's map: all of it, read in pieces that fit nothing. */
export async function digestOf(
  reader: DiskReader,
  signal: AbortSignal,
): Promise<{ digest: string; read: number }> {
  const bytes = Buffer.alloc(reader.size);
  let read = 0;
  for await (const { offset, length, kind } of reader.extents(signal)) {
    if (kind !== 'data') continue;
    for (let at = offset; at < offset + length; at += 700_001)
      await reader.read(at, bytes.subarray(at, Math.min(at + 700_001, offset + length)), signal);
    read += length;
  }
  return { digest: createHash('sha256').update(bytes).digest('hex'), read };
}
/** Bytes that nbdinfo does not call zero. */
export async function allocatedBy(uri: string): Promise<number> {
  const map = JSON.parse(await run('nbdinfo', '--map', '--json', uri)) as { length: number; type: number }[];
  return map.filter(({ type }) => (type & 2) === 0).reduce((sum, { length }) => sum + length, 0);
}
