import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { qemuImg, withoutQemu } from '../../test/qemu.ts';
import { collect, noise } from '../../test/support.ts';
import { DiskSizeError, openVmdk, UnsupportedDiskError } from '../index.ts';
import { parseVmdkDescriptor } from './descriptor.ts';

const { signal } = new AbortController();
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-flat-'));
});
afterEach(() => rm(folder, { recursive: true }));
const descriptor = (...lines: string[]) =>
  ['# Disk DescriptorFile', 'version=1', 'CID=1', 'parentCID=ffffffff', 'createType="vmfs"', ...lines].join(
    '\n',
  );

test('a disk of several flat files and a zero extent is read across their borders', async () => {
  const path = join(folder, 'disk.vmdk');
  const first = noise(1024, 1);
  const second = noise(2048, 2);
  await writeFile(join(folder, 'a b-flat.vmdk'), first);
  await writeFile(join(folder, 'c-flat.vmdk'), second);
  await writeFile(
    path,
    descriptor('RW 2 VMFS "a b-flat.vmdk"', 'RW 1 ZERO', 'RDONLY 2 FLAT "c-flat.vmdk" 2'),
  );
  const reader = await openVmdk(path);
  const expected = Buffer.concat([first, new Uint8Array(512), second.subarray(1024)]);
  const read = new Uint8Array(2000).fill(9);
  await reader.read(500, read, signal);
  expect(Buffer.compare(read, expected.subarray(500, 2500))).toBe(0);
  expect(await collect(reader.extents(signal))).toEqual([
    { offset: 0, length: 1024, kind: 'data' },
    { offset: 1024, length: 512, kind: 'zero' },
    { offset: 1536, length: 1024, kind: 'data' },
  ]);
  await reader.close();
  await writeFile(path, descriptor('RW 3 VMFS "a b-flat.vmdk"'));
  await expect(openVmdk(path)).rejects.toThrow(DiskSizeError);
});

test.skipIf(withoutQemu)('a monolithicFlat disk of qemu-img is read (needs qemu-img)', async () => {
  const disk = noise(300 * 512);
  await writeFile(join(folder, 'a.raw'), disk);
  qemuImg(
    'convert',
    '-O',
    'vmdk',
    '-o',
    'subformat=monolithicFlat',
    join(folder, 'a.raw'),
    join(folder, 'a.vmdk'),
  );
  const reader = await openVmdk(join(folder, 'a.vmdk'));
  const read = new Uint8Array(reader.size);
  await reader.read(0, read, signal);
  await reader.close();
  expect(Buffer.compare(read, disk)).toBe(0);
});

test('what cannot be read whole is refused with its reason', () => {
  expect(() => parseVmdkDescriptor('KDMV')).toThrow('no VMDK descriptor');
  expect(() => parseVmdkDescriptor(descriptor())).toThrow('names no extent');
  expect(() => parseVmdkDescriptor(descriptor('RW 1 VMFSSPARSE "a.vmdk"'))).toThrow('kind VMFSSPARSE');
  expect(() => parseVmdkDescriptor(descriptor('NOACCESS 1 FLAT "a.vmdk" 0'))).toThrow('without access');
  expect(() => parseVmdkDescriptor(descriptor('RW 1 FLAT "/etc/shadow" 0'))).toThrow('beside it');
  expect(() => parseVmdkDescriptor(descriptor('RW 1 FLAT "." 0'))).toThrow('beside it');
  expect(() => parseVmdkDescriptor(descriptor('RW 0 ZERO'))).toThrow('no bytes');
  const many = Array.from({ length: 4097 }, () => 'RW 1 ZERO');
  expect(() => parseVmdkDescriptor(descriptor(...many))).toThrow('4097 extents');
  expect(() => parseVmdkDescriptor(descriptor('RW 99999999999999999 ZERO'))).toThrow('too large');
  expect(() => parseVmdkDescriptor(descriptor('RW 1 ZERO', 'RW x FLAT "a.vmdk" 0'))).toThrow(
    'cannot be read',
  );
  const delta = descriptor('RW 1 FLAT "a.vmdk" 0').replace('ffffffff', 'fffffffe');
  expect(() => parseVmdkDescriptor(delta)).toThrow('consolidate');
});

test('no text makes the parser fail otherwise than with its own error', () => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'RW',
      'RDONLY 5 FLAT',
      'RW 5 ZERO',
      'RW 7 FLAT "x" 0',
      'parentCID=',
      'createType="vmfs"',
      '=',
    ),
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const outcome = ((): unknown => {
        try {
          return parseVmdkDescriptor(descriptor(...lines)).size % 512;
        } catch (error) {
          return error instanceof UnsupportedDiskError ? 0 : error;
        }
      })();
      expect(outcome).toBe(0);
    }),
  );
});
