import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDiskFile, openQcow2, openVmdk, UnsupportedDiskError } from '../src/index.ts';
import { zstdFrameLength } from '../src/qcow2/zstd-frame.ts';
import { dataBytes, judge, mixedDisk, unlikeQemu } from './disk-file.ts';
import { qemuImg, qemuImgUnderLoad, withoutQemu } from './qemu.ts';
import { noise } from './support.ts';

/** Files that qemu-img and qemu-io made, read by ours. */
const MIB = 1024 * 1024;
const SIZE = 3 * MIB + 512;
const { signal } = new AbortController();
const disk = mixedDisk(SIZE, noise);
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-file-'));
  await writeFile(join(folder, 'disk.raw'), disk);
});
afterAll(() => rm(folder, { recursive: true }));

/** A file in a folder of its own, converted from the disk. */
function converted(format: string, options: string, flags = ''): string {
  const path = join(mkdtempSync(join(folder, 'd-')), 'a.img');
  const more = flags === '' ? [] : flags.split(' ');
  qemuImg('convert', '-f', 'raw', '-O', format, '-o', options, ...more, join(folder, 'disk.raw'), path);
  return path;
}
function qemuIo(path: string, ...commands: string[]): void {
  const args = ['-f', 'qcow2', ...commands.flatMap((command) => ['-c', command]), path];
  const { status, stdout, stderr } = spawnSync('qemu-io', args, { encoding: 'utf8' });
  if (status !== 0 || /fail/i.test(stdout)) throw new Error(`qemu-io: ${stdout}${stderr}`);
}

const VMDKS = [
  'subformat=monolithicSparse',
  'subformat=monolithicSparse,zeroed_grain=on',
  'subformat=monolithicSparse,adapter_type=lsilogic,hwversion=7',
  'subformat=monolithicSparse,compat6=on,adapter_type=buslogic',
  'subformat=twoGbMaxExtentSparse',
  'subformat=streamOptimized',
  'subformat=streamOptimized,adapter_type=lsilogic',
];
test.skipIf(withoutQemu).each(VMDKS)('a sparse VMDK of %s (needs qemu-img)', async (options) => {
  const path = converted('vmdk', options);
  const { format, reader } = await openDiskFile(path);
  const { wrong, map } = await judge(reader, disk);
  await reader.close();
  expect(format).toBe('vmdk');
  expect(wrong).toEqual([]);
  expect(unlikeQemu(map, path, 'vmdk')).toEqual([]);
  expect(dataBytes(map)).toBeLessThan(MIB);
});

const FLAT_VMDKS = [
  'subformat=monolithicFlat',
  'subformat=monolithicFlat,adapter_type=legacyESX',
  'subformat=twoGbMaxExtentFlat',
];
test.skipIf(withoutQemu).each(FLAT_VMDKS)('a flat VMDK of %s (needs qemu-img)', async (options) => {
  const { format, reader } = await openDiskFile(converted('vmdk', options));
  const { wrong } = await judge(reader, disk);
  await reader.close();
  expect(format).toBe('vmdk');
  expect(wrong).toEqual([]);
});

const QCOW2S: readonly (readonly [options: string, flags: string])[] = [
  ...[512, 4096, 65_536, 2 * MIB].flatMap((size) =>
    ['', '-c'].map((flags) => [`cluster_size=${size},compat=1.1`, flags] as const),
  ),
  ['cluster_size=65536,compat=0.10', ''],
  ['cluster_size=4096,compat=0.10', '-c'],
  ['lazy_refcounts=on', ''],
  ['refcount_bits=1', ''],
  ['extended_l2=on,cluster_size=16384', ''],
  ['extended_l2=on,cluster_size=131072', '-c'],
  ['preallocation=metadata', ''],
  ['preallocation=falloc,compat=0.10', ''],
  ['preallocation=full,extended_l2=on', ''],
  ['compat=1.1', '-S 0'],
];
test.skipIf(withoutQemu).each(QCOW2S)('a qcow2 of %s %s (needs qemu-img)', async (options, flags) => {
  const path = converted('qcow2', options, flags);
  const { format, reader } = await openDiskFile(path);
  const { wrong, map } = await judge(reader, disk);
  await reader.close();
  expect(format).toBe('qcow2');
  expect(wrong).toEqual([]);
  expect(unlikeQemu(map, path, 'qcow2')).toEqual([]);
});

const nodeHasZstd = 'zstdDecompress' in zlib;
test.skipIf(withoutQemu || !nodeHasZstd)('a qcow2 of zstd, by this Node (needs qemu-img)', async () => {
  const reader = await openQcow2(converted('qcow2', 'compression_type=zstd', '-c'));
  const { wrong } = await judge(reader, disk);
  await reader.close();
  expect(wrong).toEqual([]);
});
test.skipIf(withoutQemu || nodeHasZstd)(
  'zstd is refused with a way out by a Node without (needs qemu-img)',
  async () => {
    const path = converted('qcow2', 'compression_type=zstd', '-c');
    await expect(openQcow2(path)).rejects.toThrow(/zstd.*22\.15.*qemu-img convert/);
  },
);
const withoutZstd =
  process.env['GUTS_REQUIRE_TOOLS'] !== '1' && spawnSync('zstd', ['--version']).status !== 0;
test.skipIf(withoutQemu || withoutZstd)(
  'a qcow2 of zstd, each frame by itself (needs qemu-img, zstd)',
  async () => {
    // The tool is like Node's function: what follows a frame is an error to both.
    const zstd = (packed: Uint8Array): Promise<Uint8Array> => {
      const frame = packed.subarray(0, zstdFrameLength(packed));
      const { status, stdout, stderr } = spawnSync('zstd', ['-dcq'], { input: frame });
      return status === 0 ? Promise.resolve(stdout) : Promise.reject(new Error(String(stderr)));
    };
    const reader = await openQcow2(converted('qcow2', 'compression_type=zstd', '-c'), { zstd });
    const whole = new Uint8Array(disk.length);
    await reader.read(0, whole, signal);
    await reader.close();
    expect(Buffer.compare(whole, disk)).toBe(0);
  },
);

test
  .skipIf(withoutQemu)
  .each([
    'cluster_size=65536',
    'cluster_size=512',
    'cluster_size=65536,compat=0.10',
    'cluster_size=65536,preallocation=metadata',
    'cluster_size=65536,extended_l2=on',
    'cluster_size=2097152,extended_l2=on,lazy_refcounts=on',
  ])(
  'what qemu-io wrote, zeroed, discarded and compressed in a qcow2 of %s (needs qemu-io)',
  async (options) => {
    const path = join(mkdtempSync(join(folder, 'io-')), 'a.qcow2');
    qemuImg('create', '-f', 'qcow2', '-o', options, path, String(8 * MIB));
    const v2 = options.includes('0.10');
    qemuIo(
      path,
      'write -P 1 0 300k',
      'write -P 2 1000k 5k',
      `write -z ${v2 ? '' : '-u '}64k 64k`,
      'write -z 1001k 1k',
      'write -z 3M 1M',
      'discard 128k 64k',
      // Clusters that are there already are not compressed.
      ...(options.includes('preallocation')
        ? []
        : [`write -c -P 3 4M ${options.includes('2097152') ? '2M' : '256k'}`]),
      'write -P 4 4200k 3k',
      'write -P 5 8191k 1k',
    );
    qemuImg('snapshot', '-c', 'before', path);
    qemuIo(path, 'write -P 6 10k 10k', 'write -z 20k 128k', 'write -P 7 2M 4k');
    const raw = `${path}.raw`;
    qemuImg('convert', '-f', 'qcow2', '-O', 'raw', path, raw);
    const reader = await openQcow2(path);
    const { wrong, map } = await judge(reader, await readFile(raw));
    await reader.close();
    expect(wrong).toEqual([]);
    expect(unlikeQemu(map, path, 'qcow2')).toEqual([]);
  },
);

test.skipIf(withoutQemu)('a split disk of several files is one disk (needs qemu-img)', async () => {
  const path = join(mkdtempSync(join(folder, 'split-')), 'a.vmdk');
  const big = `${path}.raw`;
  const size = 4 * 1024 * MIB + 3 * MIB;
  qemuImg('create', '-f', 'raw', big, String(size));
  // Where qemu-img begins another file.
  const border = 2 ** 31 - 65_536;
  for (const at of [0, border, 2 * border + MIB, size - MIB]) {
    const { status, stderr } = spawnSync('qemu-io', [
      '-f',
      'raw',
      '-c',
      `write -P ${1 + (at % 251)} ${at} 1M`,
      big,
    ]);
    if (status !== 0) throw new Error(String(stderr));
  }
  for (const subformat of ['twoGbMaxExtentSparse', 'twoGbMaxExtentFlat']) {
    qemuImg('convert', '-O', 'vmdk', '-f', 'raw', '-o', `subformat=${subformat}`, big, path);
    const reader = await openVmdk(path);
    const raw = await openDiskFile(big, { format: 'raw' });
    expect(reader.size).toBe(size);
    for (const at of [0, border - MIB, border, 2 * border - MIB, 2 * border, size - 2 * MIB]) {
      const ours = new Uint8Array(2 * MIB);
      const theirs = new Uint8Array(2 * MIB);
      await reader.read(at, ours, AbortSignal.timeout(10_000));
      await raw.reader.read(at, theirs, AbortSignal.timeout(10_000));
      expect(Buffer.compare(ours, theirs)).toBe(0);
    }
    await reader.close();
    await raw.reader.close();
  }
  await expect(openVmdk(path.replace('.vmdk', '-s001.vmdk'))).rejects.toThrow(/descriptor file/);
});

test.skipIf(withoutQemu)(
  'what holds only part of a disk, or hides it, is refused (needs qemu-img)',
  async () => {
    const at = (name: string) => join(folder, name);
    qemuImg('create', '-f', 'qcow2', at('base.qcow2'), '1M');
    qemuImg('create', '-f', 'qcow2', '-b', at('base.qcow2'), '-F', 'qcow2', at('over.qcow2'));
    qemuImg('create', '-f', 'qcow2', '-o', `data_file=${at('data.raw')}`, at('outside.qcow2'), '1M');
    qemuImg('create', '-f', 'vmdk', at('base.vmdk'), '1M');
    qemuImg('create', '-f', 'vmdk', '-b', at('base.vmdk'), '-F', 'vmdk', at('delta.vmdk'));
    const secret = ['--object', 'secret,id=s,data=lab'];
    qemuImgUnderLoad(
      'create',
      ...secret,
      '-f',
      'qcow2',
      '-o',
      'encrypt.format=luks,encrypt.iter-time=10,encrypt.key-secret=s',
      at('l.qcow2'),
      '1M',
    );
    qemuImg('create', '-f', 'vdi', at('a.vdi'), '1M');
    qemuImg('create', '-f', 'vhdx', at('a.vhdx'), '1M');
    qemuImg('create', '-f', 'vpc', at('a.vpc'), '1M');
    qemuImg('create', '-f', 'vpc', '-o', 'subformat=fixed', at('fixed.vpc'), '1M');
    qemuImg('create', '-f', 'qed', at('a.qed'), '1M');
    for (const [name, reason] of [
      ['over.qcow2', /backing file/],
      ['outside.qcow2', /data in another file/],
      ['delta.vmdk', /consolidate/],
      ['l.qcow2', /LUKS/],
      ['a.vdi', /VDI/],
      ['a.vhdx', /VHDX/],
      ['a.vpc', /VHD/],
      ['fixed.vpc', /VHD/],
      ['a.qed', /QED/],
    ] as const) {
      await expect(openDiskFile(at(name), { allowRaw: true })).rejects.toThrow(reason);
      await expect(openDiskFile(at(name), { allowRaw: true })).rejects.toThrow(UnsupportedDiskError);
    }
  },
);
