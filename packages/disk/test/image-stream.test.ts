import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  copyDisk,
  DiskMapError,
  DiskUsageError,
  qcow2ImageStream,
  rangeReader,
  rawImageStream,
  type ImageStream,
} from '../src/index.ts';
import { qemuImg, withoutQemu } from './qemu.ts';
import { readQcow2 } from './read-qcow2.ts';
import { noise } from './support.ts';

const { signal } = new AbortController();
const CLUSTER = 65_536;

async function receive(image: ImageStream): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of image.body) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}
/** A receiver whose failure is looked at later. */
function receiving(image: ImageStream): Promise<Buffer | Error> {
  return receive(image).catch((error: Error) => error);
}

const samples = fc
  .record({
    sectors: fc.integer({ min: 1, max: 2000 }),
    extents: fc.array(
      fc.record({ offset: fc.nat(1_100_000), length: fc.integer({ min: 1, max: 200_000 }) }),
      {
        maxLength: 5,
      },
    ),
    chunkSize: fc.constantFrom(CLUSTER, 4 * CLUSTER),
  })
  .map(({ sectors, extents, chunkSize }) => {
    const size = sectors * 512;
    const disk = new Uint8Array(size);
    const inside = extents
      .filter(({ offset }) => offset < size)
      .map(({ offset, length }) => ({ offset, length: Math.min(length, size - offset) }));
    for (const { offset, length } of inside) disk.set(noise(length, offset + 1), offset);
    return { size, disk, extents: inside, chunkSize };
  });

test('any disk comes out of its qcow2 as it was, with every cluster of the file used once', async () => {
  await fc.assert(
    fc.asyncProperty(samples, fc.boolean(), async ({ size, disk, extents, chunkSize }, digested) => {
      const image = qcow2ImageStream({ size, dataExtents: extents, sha512: digested });
      const received = receive(image);
      const source = rangeReader({
        size,
        readRange: async (offset, buffer) => buffer.set(disk.subarray(offset, offset + buffer.length)),
      });
      await copyDisk({ source, target: image.writer, chunkSize, signal });
      const file = await received;
      expect(file.length).toBe(image.length);
      const sha512 = digested ? createHash('sha512').update(file).digest('hex') : null;
      expect(await image.done).toEqual({ bytesSent: file.length, sha512 });
      const { disk: read, uses } = readQcow2(file);
      expect(Buffer.compare(read, disk)).toBe(0);
      expect([...uses.values()].every((count) => count === 1)).toBe(true);
      expect(uses.size * CLUSTER).toBe(file.length);
    }),
    { numRuns: 60 },
  );
});

test.skipIf(withoutQemu)(
  'a qcow2 with all, nothing or an odd end stored passes qemu-img (needs qemu-img)',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'guts-qcow2-'));
    const path = join(folder, 'image');
    try {
      for (const { size, dataExtents } of [
        { size: 512, dataExtents: [] },
        { size: 512, dataExtents: [{ offset: 0, length: 1 }] },
        { size: 3 * CLUSTER + 512, dataExtents: [{ offset: 0, length: 3 * CLUSTER + 512 }] },
        { size: 8 * 1024 ** 4, dataExtents: [{ offset: 8 * 1024 ** 4 - 10, length: 10 }] },
      ]) {
        const image = qcow2ImageStream({ size, dataExtents });
        const received = receive(image);
        await image.writer.flush(signal);
        await writeFile(path, await received);
        expect(qemuImg('check', path)).toContain('No errors were found');
        expect(JSON.parse(qemuImg('info', '--output=json', path))).toMatchObject({ 'virtual-size': size });
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

test('data where the map has none is never dropped: it breaks the image', async () => {
  const image = qcow2ImageStream({ size: 4 * CLUSTER, dataExtents: [{ offset: 0, length: 1 }] });
  const received = receiving(image);
  const data = new Uint8Array(3 * CLUSTER);
  data[2 * CLUSTER + 5] = 1;
  await expect(image.writer.write(0, data, signal)).rejects.toThrow(DiskMapError);
  expect(await received).toBeInstanceOf(DiskMapError);
  await expect(image.done).rejects.toThrow(`data at byte ${2 * CLUSTER + 5}`);
  expect(() => qcow2ImageStream({ size: 512, dataExtents: [{ offset: 0, length: 513 }] })).toThrow(
    DiskMapError,
  );
  for (const size of [0, 511])
    expect(() => qcow2ImageStream({ size, dataExtents: [] })).toThrow(DiskUsageError);
});

for (const [kind, make] of [
  ['raw', () => rawImageStream({ size: 4 * CLUSTER })],
  ['qcow2', () => qcow2ImageStream({ size: 4 * CLUSTER, dataExtents: [{ offset: 0, length: 4 * CLUSTER }] })],
] as const) {
  test(`${kind}: going back is refused`, async () => {
    const image = make();
    const received = receiving(image);
    await image.writer.write(CLUSTER, noise(10), signal);
    await expect(image.writer.write(CLUSTER + 5, noise(10), signal)).rejects.toThrow('in order');
    await image.writer.close();
    await received;
  });

  test(`${kind}: an image closed before its end breaks its body instead of ending it`, async () => {
    const image = make();
    const received = receiving(image);
    await image.writer.write(0, noise(CLUSTER), signal);
    await image.writer.close();
    expect(await received).toEqual(new DiskUsageError('the image was closed before it was complete'));
    await expect(image.done).rejects.toThrow('closed before');
    await expect(image.writer.write(CLUSTER, noise(1), signal)).rejects.toThrow('closed before');
  });

  test(`${kind}: when the receiver stops, writes fail rather than wait for ever`, async () => {
    const image = make();
    const stopped = (async () => {
      for await (const part of image.body) if (part.length > 0) break;
    })();
    await expect(image.writer.write(0, noise(4 * CLUSTER), signal)).rejects.toThrow('receiver stopped');
    await stopped;
    await expect(image.writer.flush(signal)).rejects.toThrow('receiver stopped');
    await expect(image.done).rejects.toThrow('receiver stopped');
  });

  test(`${kind}: an abort breaks the body, even with nobody receiving`, async () => {
    const image = make();
    const controller = new AbortController();
    const writing = image.writer.write(0, noise(CLUSTER), controller.signal);
    controller.abort(new Error('told to stop'));
    await expect(writing).rejects.toThrow('told to stop');
    expect(await receiving(image)).toEqual(new Error('told to stop'));
  });

  test(`${kind}: a write waits until its bytes have been taken, one piece at a time`, async () => {
    const image = make();
    let written = false;
    const writing = (async () => {
      await image.writer.write(0, noise(4 * CLUSTER), signal);
      written = true;
    })();
    const body = image.body[Symbol.asyncIterator]();
    let taken = 0;
    const before: boolean[] = [];
    while (taken < image.length) {
      const next = await body.next();
      before.push(written);
      taken += next.value?.length ?? 0;
    }
    expect(before).not.toContain(true);
    const last = body.next();
    await writing;
    await image.writer.flush(signal);
    expect(await last).toEqual({ done: true, value: undefined });
    expect((await image.done).bytesSent).toBe(image.length);
  });
}

test('however little is written at once, the receiver gets full pieces: a small one might still be queued when its memory is used again', async () => {
  const size = 3 * 1024 * 1024 + 17;
  const image = rawImageStream({ size });
  const sizes: number[] = [];
  const receiver = (async () => {
    for await (const part of image.body) sizes.push(part.length);
  })();
  for (let at = 0; at < size; at += 10_000)
    await image.writer.write(at, noise(Math.min(10_000, size - at), at + 1), signal);
  await image.writer.flush(signal);
  await receiver;
  expect(sizes).toEqual([1024 * 1024, 1024 * 1024, 1024 * 1024, 17]);
});
