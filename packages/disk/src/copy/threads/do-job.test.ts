import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CorruptDiskError } from '../../errors.ts';
import { mergeExtents } from '../../extents.ts';
import { dataRuns } from '../content.ts';
import { chunkDigest } from '../digest.ts';
import { ChunkWork } from './do-job.ts';
import { errorOf } from './job.ts';

const KEY = '000102030405060708090a0b0c0d0e0f';
const MIB = 2 ** 20;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-chunk-work-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('reads, digests and writes a chunk as the engine does without threads', async () => {
  const work = new ChunkWork(() => false);
  const block = fc.record({
    at: fc.nat(31),
    fill: fc.constantFrom(0, 0, 7, 255),
    bytes: fc.integer({ min: 1, max: 65536 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(block, { maxLength: 8 }), fc.nat(5), async (blocks, place) => {
      const disk = Buffer.alloc(8 * MIB);
      const offset = place * MIB + 4096;
      for (const { at, fill, bytes } of blocks)
        disk.fill(fill, offset + at * 65536, offset + at * 65536 + bytes);
      const parts = mergeExtents(blocks.map(({ at, bytes }) => ({ offset: at * 65536, length: bytes })));
      const [source, target] = [join(folder, 'source'), join(folder, 'target')];
      await writeFile(source, disk);
      await writeFile(target, Buffer.alloc(disk.length));
      const [from, to] = [await open(source, 'r'), await open(target, 'r+')];
      const length = 2 * MIB;
      const answer = work.do({
        length,
        parts,
        key: KEY,
        from: { fd: from.fd, offset },
        to: { fd: to.fd, offset },
      });
      await from.close();
      await to.close();
      const runs = dataRuns(Buffer.from(disk.subarray(offset, offset + length)), parts);
      expect(answer).toEqual({
        done: {
          runs: runs.map(({ offset: at, data }) => ({ offset: at, length: data.length })),
          digest: runs.length > 0 ? new Uint8Array(chunkDigest(KEY)(runs)) : null,
        },
      });
      expect((await readFile(target)).equals(disk)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('a file that ends too early, a call that fails and a job that is given up are told as such', async () => {
  const path = join(folder, 'short');
  await writeFile(path, Buffer.alloc(1000, 1));
  const file = await open(path, 'r');
  let stopped = false;
  const work = new ChunkWork(() => stopped);
  const job = { length: 65536, key: KEY, from: { fd: file.fd, offset: 0 } };
  const faultOf = (answer: ReturnType<ChunkWork['do']>): Error => {
    if (!('fault' in answer)) throw new Error('it went well');
    return errorOf(answer.fault);
  };

  const early = faultOf(work.do({ ...job, parts: [{ offset: 0, length: 2000 }] }));
  expect(early).toBeInstanceOf(CorruptDiskError);
  expect(early).toMatchObject({ position: 1000, code: 'disk_corrupt' });

  const parts = [{ offset: 0, length: 1000 }];
  expect(faultOf(work.do({ ...job, parts, to: { fd: file.fd, offset: 0 } }))).toMatchObject({
    code: 'EBADF',
    syscall: 'write',
  });
  stopped = true;
  expect(faultOf(work.do({ ...job, parts }))).toMatchObject({ code: 'disk_io' });
  await file.close();
});
