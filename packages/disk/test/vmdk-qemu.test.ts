import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyDisk, openDeviceWriter, openRawFile, openStreamVmdk, verifyDisk } from '../src/index.ts';
import { qemuImg, withoutQemu } from './qemu.ts';
import { noise } from './support.ts';
import { encodeStreamVmdk } from './vmdk-encoder.ts';

const { signal } = new AbortController();
const MIB = 1024 * 1024;
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-vmdk-'));
});
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

function sampleDisk(): Uint8Array {
  const disk = new Uint8Array(70 * MIB + 512);
  disk.set(noise(300_000), 40 * MIB + 1000);
  disk.set(noise(512, 2), disk.length - 512);
  disk.fill(65, MIB, 2 * MIB);
  return disk;
}

/** Streams a VMDK file to a new device file, verifies it, and leaves the comparison to qemu-img. */
async function copyToDevice(vmdk: string, device: string, expectedSize: number): Promise<string> {
  const source = await openStreamVmdk(createReadStream(at(vmdk), { highWaterMark: 7777 }), { expectedSize });
  const target = await openDeviceWriter(at(device), { size: expectedSize, create: true });
  const { manifest } = await copyDisk({ source, target, signal });
  await target.close();
  const reader = await openRawFile(at(device));
  const { mismatches } = await verifyDisk({ manifest, reader, signal });
  await reader.close();
  expect(mismatches).toEqual([]);
  return qemuImg('compare', '-f', 'vmdk', '-F', 'raw', at(vmdk), at(device));
}

test.skipIf(withoutQemu)(
  'a streamOptimized VMDK of qemu-img arrives byte for byte (needs qemu-img)',
  async () => {
    const disk = sampleDisk();
    await writeFile(at('a.raw'), disk);
    qemuImg('convert', '-O', 'vmdk', '-o', 'subformat=streamOptimized', at('a.raw'), at('a.vmdk'));
    expect(await copyToDevice('a.vmdk', 'a.copy', disk.length)).toContain('identical');
    expect(qemuImg('compare', '-f', 'raw', '-F', 'raw', at('a.raw'), at('a.copy'))).toContain('identical');
  },
);

test.skipIf(withoutQemu)(
  'a VMDK with its directory at the end reads as qemu-img reads it (needs qemu-img)',
  async () => {
    const disk = sampleDisk();
    await writeFile(at('b.vmdk'), encodeStreamVmdk(disk).bytes);
    await writeFile(at('b.raw'), disk);
    expect(await copyToDevice('b.vmdk', 'b.copy', disk.length)).toContain('identical');
    expect(qemuImg('compare', '-f', 'raw', '-F', 'raw', at('b.raw'), at('b.copy'))).toContain('identical');
  },
);
