import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDiskFile } from '../src/index.ts';
import { randomDisk } from './dice.ts';
import { judge } from './disk-file.ts';
import { writeQcow2 } from './qcow2-writer.ts';
import { EMBEDDED, writeSparse } from './sparse-vmdk-writer.ts';
import { encodeStreamVmdk } from './vmdk-encoder.ts';

/** Files that our own little writers make, of kinds that no tool makes, read by ours. */
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-file-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function faults(bytes: Uint8Array, disk: Buffer): Promise<readonly string[]> {
  const path = join(folder, 'disk');
  await writeFile(path, bytes);
  const { reader } = await openDiskFile(path);
  const { wrong } = await judge(reader, disk);
  await reader.close();
  return wrong;
}
const seed = fc.integer({ min: 1, max: 1_000_000 });
const sectors = fc.integer({ min: 1, max: 600 });

test('a sparse VMDK comes back as it was, however it is laid out', async () => {
  const options = fc.record({
    seed,
    grainSectors: fc.constantFrom(1, 3, 8, 16, 128),
    entriesPerTable: fc.constantFrom(1, 5, 32, 512),
    zeroGrains: fc.boolean(),
    redundant: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(sectors, options, async (count, how) => {
      const disk = randomDisk(count, how.seed);
      // Not closed: read, since both copies of the tables agree.
      const unclean = how.redundant && how.seed % 2 === 0;
      expect(await faults(writeSparse(disk, { ...how, unclean, descriptor: EMBEDDED }).bytes, disk)).toEqual(
        [],
      );
    }),
    { numRuns: 40, seed: 5 },
  );
});

test('a streamOptimized VMDK is read at random, its directory in front or at the end', async () => {
  const options = fc.record({
    grainSectors: fc.constantFrom(1, 8, 16, 128),
    entriesPerTable: fc.constantFrom(1, 32, 512),
    directory: fc.constantFrom('end' as const, 'front' as const),
    shortLast: fc.boolean(),
    level: fc.constantFrom(0, 1, 9),
  });
  await fc.assert(
    fc.asyncProperty(
      sectors,
      seed,
      options,
      fc.integer({ min: 0, max: 3 }),
      async (count, dice, how, padding) => {
        const disk = randomDisk(count, dice);
        const { bytes } = encodeStreamVmdk(disk, how);
        const padded = Buffer.concat([bytes, Buffer.alloc(padding * 700)]);
        expect(await faults(padded, disk)).toEqual([]);
      },
    ),
    { numRuns: 40, seed: 6 },
  );
});

test('a qcow2 image comes back as it was, whatever its clusters are', async () => {
  const options = fc
    .record({
      seed,
      version: fc.constantFrom(2 as const, 3 as const),
      clusterBits: fc.constantFrom(9, 10, 12, 14, 16),
      extendedL2: fc.boolean(),
    })
    .map((how) => {
      const extendedL2 = how.extendedL2 && how.version === 3 && how.clusterBits >= 14;
      // The dirty bit says nothing of what is read.
      return { ...how, extendedL2, features: BigInt(how.seed % 2) };
    });
  await fc.assert(
    fc.asyncProperty(sectors, options, async (count, how) => {
      const disk = randomDisk(count, how.seed);
      expect(await faults(writeQcow2(disk, how).bytes, disk)).toEqual([]);
    }),
    { numRuns: 60, seed: 7 },
  );
});

test('a disk of a terabyte with next to nothing in it is mapped at once, in extents', async () => {
  const disk = randomDisk(64, 4);
  const sparse = writeSparse(disk, {
    seed: 1,
    grainSectors: 128,
    entriesPerTable: 512,
    zeroGrains: false,
    redundant: false,
    descriptor: EMBEDDED,
  });
  const tera = 2n ** 40n;
  sparse.bytes.writeBigUInt64LE(tera / 512n, 12);
  // A directory for 32768 tables behind all else, the first of them the one that is there.
  const directory = Buffer.alloc(32_768 * 4);
  directory.writeUInt32LE(sparse.tables[0]! / 512);
  sparse.bytes.writeBigUInt64LE(BigInt(sparse.bytes.length / 512), 56);
  const path = join(folder, 'tera');
  await writeFile(path, Buffer.concat([sparse.bytes, directory]));
  const { reader } = await openDiskFile(path);
  const { signal } = new AbortController();
  const map = [];
  for await (const extent of reader.extents(signal)) map.push(extent);
  await reader.close();
  expect(reader.size).toBe(Number(tera));
  expect(map.at(-1)).toMatchObject({ kind: 'zero' });
  expect(map.length).toBeLessThan(3);
});
