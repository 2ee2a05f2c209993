import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  copyDisk,
  openRawFile,
  qcow2ImageStream,
  rangeReader,
  rawImageStream,
  type ImageStream,
} from '../src/index.ts';
import { qemuImg, withoutQemu } from './qemu.ts';
import { noise } from './support.ts';

const { signal } = new AbortController();
const MIB = 1024 * 1024;
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-image-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function save(image: ImageStream, path: string): Promise<void> {
  const file = await open(path, 'w');
  for await (const piece of image.body) await file.write(piece);
  await file.close();
}

test.skipIf(withoutQemu)('a one-pass qcow2 passes qemu-img check and compare (needs qemu-img)', async () => {
  const size = 1200 * MIB + 512;
  const dataExtents = [
    { offset: 3 * MIB + 1000, length: 5 * MIB },
    { offset: 600 * MIB - 10, length: 20 },
    { offset: size - 512, length: 512 },
  ];
  const disk = new Map(dataExtents.map(({ offset, length }, seed) => [offset, noise(length, seed + 1)]));
  const handle = await open(join(folder, 'a.raw'), 'w');
  await handle.truncate(size);
  for (const [offset, data] of disk) await handle.write(data, 0, data.length, offset);
  await handle.close();

  const raw = await openRawFile(join(folder, 'a.raw'));
  const source = rangeReader({
    size,
    readRange: (offset, buffer, inner) => raw.read(offset, buffer, inner),
    map: () => dataExtents,
  });
  const image = qcow2ImageStream({ size, dataExtents });
  const saved = save(image, join(folder, 'a.qcow2'));
  await copyDisk({ source, target: image.writer, chunkSize: MIB, signal });
  await saved;
  await raw.close();
  expect((await stat(join(folder, 'a.qcow2'))).size).toBe(image.length);
  expect((await image.done).bytesSent).toBe(image.length);
  expect(qemuImg('check', join(folder, 'a.qcow2'))).toContain('No errors were found');
  expect(
    qemuImg('compare', '-f', 'raw', '-F', 'qcow2', join(folder, 'a.raw'), join(folder, 'a.qcow2')),
  ).toContain('identical');
});

test('a raw image stream fills gaps with zeros and digests what it sent', async () => {
  const size = 5 * MIB + 3;
  const expected = new Uint8Array(size);
  const data = noise(100_000);
  expected.set(data, 2 * MIB + 1);
  const image = rawImageStream({ size });
  const received: Uint8Array[] = [];
  const body = (async () => {
    for await (const piece of image.body) received.push(Uint8Array.from(piece));
  })();
  await image.writer.write(2 * MIB + 1, data, signal);
  data.fill(0);
  await image.writer.flush(signal);
  await body;
  expect(Buffer.compare(Buffer.concat(received), expected)).toBe(0);
  expect(await image.done).toEqual({
    bytesSent: size,
    sha512: createHash('sha512').update(expected).digest('hex'),
  });
});
