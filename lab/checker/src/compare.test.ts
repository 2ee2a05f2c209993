import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { compareDisks } from './compare.ts';

const folder = mkdtempSync(join(tmpdir(), 'guts-compare-'));
afterAll(() => rmSync(folder, { recursive: true }));
const CLUSTER = 65536;

/** A qcow2 by hand: header, L1, one L2, and the given data clusters after them. */
function qcow2(size: number, clusters: ReadonlyMap<number, Buffer>): Buffer {
  const image = Buffer.alloc((3 + clusters.size) * CLUSTER);
  image.writeUInt32BE(0x514649fb, 0);
  image.writeUInt32BE(3, 4);
  image.writeUInt32BE(16, 20);
  image.writeBigUInt64BE(BigInt(size), 24);
  image.writeUInt32BE(1, 36);
  image.writeBigUInt64BE(BigInt(CLUSTER), 40);
  image.writeBigUInt64BE(BigInt(2 * CLUSTER) | (1n << 63n), CLUSTER);
  let host = 3 * CLUSTER;
  for (const [index, data] of clusters) {
    image.writeBigUInt64BE(BigInt(host) | (1n << 63n), 2 * CLUSTER + index * 8);
    data.copy(image, host);
    host += CLUSTER;
  }
  return image;
}

test('equal disks are equal, a single other byte is found at its offset, and a longer target must be zero', async () => {
  const source = Buffer.alloc(5 * CLUSTER);
  const data = Buffer.alloc(CLUSTER, 7);
  data.copy(source, 3 * CLUSTER);
  const raw = join(folder, 'source.raw');
  writeFileSync(raw, source);
  const target = join(folder, 'target');

  writeFileSync(target, qcow2(source.length, new Map([[3, data]])));
  expect(await compareDisks(raw, target)).toEqual({
    equal: true,
    bytes: source.length,
    firstDifference: null,
  });

  const wrong = Buffer.from(data);
  wrong[5] = 8;
  writeFileSync(target, qcow2(source.length, new Map([[3, wrong]])));
  expect(await compareDisks(raw, target)).toMatchObject({ equal: false, firstDifference: 3 * CLUSTER + 5 });

  writeFileSync(target, source);
  truncateSync(target, 6 * CLUSTER);
  expect((await compareDisks(raw, target)).equal).toBe(true);
  const longer = Buffer.concat([source, Buffer.from([1])]);
  writeFileSync(target, longer);
  expect(await compareDisks(raw, target)).toMatchObject({ equal: false, firstDifference: source.length });
  truncateSync(target, CLUSTER);
  expect((await compareDisks(raw, target)).equal).toBe(false);
});
