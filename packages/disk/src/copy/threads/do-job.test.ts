import { mkdtemp, open, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRawFile } from '../../raw-file.ts';
import { CorruptDiskError } from '../../errors.ts';
import { mergeExtents } from '../../extents.ts';
import { dataRuns } from '../content.ts';
import { chunkDigest } from '../digest.ts';
import { ChunkWork } from './do-job.ts';
import { errorOf } from './job.ts';

const KEY = '000102030405060708090a0b0c0d0e0f';
const MIB = 2 ** 20;
const noExports = (): never => {
  throw new Error('no exports here');
};
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-chunk-work-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('reads, digests and writes a chunk as the engine does without threads', async () => {
  const work = new ChunkWork(() => false, noExports);
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

test('a file is read past the page cache, wherever its parts begin and end', async () => {
  const path = join(folder, 'direct');
  const disk = Buffer.alloc(3 * MIB + 777, 3);
  disk.fill(0, 65536, 3 * 65536);
  await writeFile(path, disk);
  const reader = await openRawFile(path, { uncached: true });
  const file = reader.file;
  const { type } = await statfs(folder);
  // A tmpfs has no other place than the page cache, and older kernels say so.
  const direct = process.platform === 'linux' && type !== 0x01021994;
  expect(direct ? file?.alignment : 4096).toBe(4096);
  const work = new ChunkWork(() => false, noExports);
  const extent = fc.record({ at: fc.nat(MIB - 1), bytes: fc.integer({ min: 1, max: 200_000 }) });
  fc.assert(
    fc.property(fc.array(extent, { minLength: 1, maxLength: 6 }), fc.nat(3), (extents, chunk) => {
      const offset = chunk * MIB;
      const length = Math.min(MIB, disk.length - offset);
      const parts = mergeExtents(
        extents.map(({ at, bytes }) => ({
          offset: Math.min(at, length - 1),
          length: Math.min(bytes, length - Math.min(at, length - 1)),
        })),
      );
      const from = { fd: file?.fd ?? -1, offset, alignment: file?.alignment };
      const runs = dataRuns(Buffer.from(disk.subarray(offset, offset + length)), parts);
      expect(work.do({ length, parts, key: KEY, from })).toEqual({
        done: {
          runs: runs.map(({ offset: at, data }) => ({ offset: at, length: data.length })),
          digest: runs.length > 0 ? new Uint8Array(chunkDigest(KEY)(runs)) : null,
        },
      });
    }),
  );
  const beyond = { length: MIB, parts: [{ offset: 0, length: MIB }], key: KEY };
  expect(
    work.do({ ...beyond, from: { fd: file?.fd ?? -1, offset: 3 * MIB, alignment: file?.alignment } }),
  ).toEqual({
    fault: { kind: 'ended', missing: MIB - 777, at: disk.length },
  });
  await reader.close();
});

test('a file that ends too early, a call that fails and a job that is given up are told as such', async () => {
  const path = join(folder, 'short');
  await writeFile(path, Buffer.alloc(1000, 1));
  const file = await open(path, 'r');
  let stopped = false;
  const work = new ChunkWork(() => stopped, noExports);
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
