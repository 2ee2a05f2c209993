import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStreamVmdk } from '../src/index.ts';
import { qemuImg, withoutQemu } from './qemu.ts';
import { noise } from './support.ts';

const { signal } = new AbortController();
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-vmdk-'));
});
afterAll(() => rm(folder, { recursive: true }));

test.skipIf(withoutQemu)(
  'a streamOptimized VMDK of qemu-img decodes byte for byte (needs qemu-img)',
  async () => {
    const size = 70 * 1024 * 1024 + 512;
    const disk = new Uint8Array(size);
    disk.set(noise(300_000), 40 * 1024 * 1024 + 1000);
    disk.set(noise(512, 2), size - 512);
    disk.fill(65, 1024 * 1024, 2 * 1024 * 1024);
    await writeFile(join(folder, 'a.raw'), disk);
    qemuImg(
      'convert',
      '-O',
      'vmdk',
      '-o',
      'subformat=streamOptimized',
      join(folder, 'a.raw'),
      join(folder, 'a.vmdk'),
    );
    const stream = await openStreamVmdk(createReadStream(join(folder, 'a.vmdk'), { highWaterMark: 7777 }), {
      expectedSize: size,
    });
    const decoded = new Uint8Array(stream.size);
    for await (const { offset, data } of stream.chunks(signal)) decoded.set(data, offset);
    expect(Buffer.compare(decoded, disk)).toBe(0);
  },
);
