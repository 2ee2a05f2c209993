import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, deflateSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CorruptDiskError, openDiskFile, openRawFile, UnsupportedDiskError } from '../src/index.ts';
import { randomDisk } from './dice.ts';
import { writeQcow2 } from './qcow2-writer.ts';
import { EMBEDDED, writeSparse } from './sparse-vmdk-writer.ts';
import { collect } from './support.ts';
import { encodeStreamVmdk } from './vmdk-encoder.ts';

/** Files that were cut off, damaged, or made to harm: each is refused by name, at once. */
const { signal } = new AbortController();
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-hostile-'));
});
afterEach(() => rm(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

/** What opening, reading and mapping the file says. */
async function read(path: string): Promise<void> {
  const { reader } = await openDiskFile(path);
  try {
    await reader.read(0, new Uint8Array(Math.min(reader.size, 4 * 1024 * 1024)), signal);
    await collect(reader.extents(signal));
  } finally {
    await reader.close();
  }
}
async function readBytes(bytes: Uint8Array): Promise<void> {
  await writeFile(at('a'), bytes);
  await read(at('a'));
}

const disk = randomDisk(600, 11);
const SPARSE = {
  seed: 3,
  grainSectors: 8,
  entriesPerTable: 32,
  zeroGrains: false,
  redundant: true,
  descriptor: EMBEDDED,
};
const sparse = writeSparse(disk, SPARSE);
type Change = (bytes: Buffer) => void;

test.each<[string, Change, RegExp]>([
  ['a table in the header', (b) => b.writeUInt32LE(0x7fff_ffff, sparse.directory), /beyond/],
  ['a table in the descriptor', (b) => b.writeUInt32LE(1, sparse.directory), /overlaps/],
  ['a table in the directory', (b) => b.writeUInt32LE(sparse.directory / 512, sparse.directory), /overlaps/],
  [
    'two tables in one place',
    (b) => b.copy(b, sparse.directory + 4, sparse.directory, sparse.directory + 4),
    /overlaps/,
  ],
  ['a grain in a table', (b) => b.writeUInt32LE(sparse.tables[1]! / 512, sparse.tables[0]), /in the tables/],
  ['a grain in the header', (b) => b.writeUInt32LE(1, sparse.tables[0]), /in the tables/],
  ['a grain beyond the file', (b) => b.writeUInt32LE(0xffff_ffff, sparse.tables[0]), /beyond/],
  ['a directory beyond the file', (b) => b.writeBigUInt64LE(0xffff_ff00n, 56), /too few/],
  ['a directory at the end of the world', (b) => b.writeBigUInt64LE(2n ** 63n, 56), /directory sector/],
  ['a disk of 2^64 sectors', (b) => b.writeBigUInt64LE(2n ** 64n - 1n, 12), /capacity/],
  ['a disk of 8 PiB', (b) => b.writeBigUInt64LE(2n ** 44n - 1n, 12), /too large|grain tables/],
  ['grains of no bytes', (b) => b.writeBigUInt64LE(0n, 20), /grain size/],
  ['grains of 2^63 sectors', (b) => b.writeBigUInt64LE(2n ** 63n, 20), /grain size/],
  ['tables of no entries', (b) => b.writeUInt32LE(0, 44), /0 entries/],
  ['a descriptor of 2 TiB', (b) => b.writeBigUInt64LE(0xffff_ffffn, 36), /a descriptor of/],
  ['line ends that were changed', (b) => b.write('\n\n\n\n', 73), /line ends/],
])('a sparse VMDK with %s is damaged', async (_name, change, reason) => {
  const bytes = Buffer.from(sparse.bytes);
  change(bytes);
  await expect(readBytes(bytes)).rejects.toThrow(reason);
  await expect(readBytes(bytes)).rejects.toThrow(/disk is damaged|at most/);
});

test('a sparse VMDK that was not closed is read only while both copies of its tables agree', async () => {
  const unclean = writeSparse(disk, { ...SPARSE, unclean: true });
  await readBytes(unclean.bytes);
  const entry = Buffer.from(unclean.bytes);
  entry.writeUInt32LE(entry.readUInt32LE(unclean.redundantTables[0]) ^ 1, unclean.redundantTables[0]);
  await expect(readBytes(entry)).rejects.toThrow(/not closed.*differ/);
  const table = Buffer.from(unclean.bytes);
  expect(table.readUInt32LE(unclean.redundantDirectory)).toBeGreaterThan(0);
  table.writeUInt32LE(0, unclean.redundantDirectory);
  await expect(readBytes(table)).rejects.toThrow(/not closed.*differ/);
  const closed = Buffer.from(table);
  closed.writeUInt8(0, 72);
  await readBytes(closed);
  const alone = writeSparse(disk, { ...SPARSE, redundant: false, unclean: true });
  await expect(readBytes(alone.bytes)).rejects.toThrow(UnsupportedDiskError);
});

test('a sparse VMDK cut off anywhere is damaged, or all that it lost was padding', async () => {
  const last = Math.max(...sparse.grains, ...sparse.tables);
  for (let length = 0; length <= last; length += 1531) {
    await expect(readBytes(sparse.bytes.subarray(0, length))).rejects.toThrow(/damaged|known format/);
  }
});

test.each<[string, RegExp, (bytes: Buffer, grain: number, footer: number) => void]>([
  ['a grain of another place', /another or none/, (b, grain) => b.writeBigUInt64LE(16_000n, grain)],
  ['a grain of 4 GiB', /more than deflate/, (b, grain) => b.writeUInt32LE(0xffff_ffff, grain + 8)],
  ['no footer', /no footer/, (b, _grain, footer) => b.fill(0, footer, footer + 512)],
  [
    'a footer that says otherwise',
    /contradicts/,
    (b, _g, footer) => b.writeBigUInt64LE(1n, footer + 512 + 12),
  ],
  [
    'a footer without a place',
    /names no/,
    (b, _g, footer) => b.fill(0xff, footer + 512 + 56, footer + 512 + 64),
  ],
])('a streamOptimized VMDK with %s is damaged', async (_name, reason, change) => {
  const { bytes, markers } = encodeStreamVmdk(disk, { grainSectors: 16 });
  const place = (kind: string): number => markers.find((marker) => marker.kind === kind)!.at;
  const changed = Buffer.from(bytes);
  change(changed, place('grain'), place('footer'));
  await expect(readBytes(changed)).rejects.toThrow(reason);
  await expect(readBytes(changed)).rejects.toThrow(CorruptDiskError);
});

test('a grain that inflates to far more than a grain is refused, not inflated', async () => {
  const { bytes, markers } = encodeStreamVmdk(Buffer.alloc(128 * 512, 7), {
    grainSectors: 128,
    directory: 'front',
    level: 0,
  });
  const grain = markers.find(({ kind }) => kind === 'grain')!.at;
  const bomb = deflateSync(Buffer.alloc(48 * 1024 * 1024));
  const changed = Buffer.from(bytes);
  changed.writeUInt32LE(bomb.length, grain + 8);
  bomb.copy(changed, grain + 12);
  await expect(readBytes(changed)).rejects.toThrow(/does not inflate/);
});

const QCOW2 = { version: 3 as const, clusterBits: 12, extendedL2: false, seed: 9 };
const written = writeQcow2(disk, QCOW2);
// Room for what is pointed to behind its end.
const qcow2 = { ...written, bytes: Buffer.concat([written.bytes, Buffer.alloc(4096)]) };
test.each<[string, Change, RegExp]>([
  [
    'an L2 table in the header',
    (b) => b.writeBigUInt64BE(0n | (1n << 63n) | 0x200n, qcow2.l1),
    /no position/,
  ],
  ['an L2 table in the L1 table', (b) => b.writeBigUInt64BE(BigInt(qcow2.l1), qcow2.l1), /overlaps/],
  [
    'an L2 table beyond the file',
    (b) => b.writeBigUInt64BE(0xff_ffff_ffff_f000n, qcow2.l1),
    /names an L2 table/,
  ],
  ['an L2 table with reserved bits', (b) => b.writeUInt8(0x7f, qcow2.l1), /no position/],
  ['an L1 table in the header', (b) => b.writeBigUInt64BE(0n, 40), /overlaps|no position/],
  ['an L1 table beyond the file', (b) => b.writeBigUInt64BE(2n ** 52n, 40), /too few/],
  ['an L1 table at 2^64', (b) => b.writeBigUInt64BE(2n ** 64n - 4096n, 40), /an L1 table at/],
  ['an L1 table that is too short', (b) => b.writeUInt32BE(0, 36), /L1 table of 0/],
  [
    'a cluster in an L2 table',
    (b) => b.writeBigUInt64BE(BigInt(qcow2.l2[0]!), qcow2.stored[0]),
    /own tables/,
  ],
  ['a cluster in the header', (b) => b.writeBigUInt64BE(0x200n, qcow2.stored[0]), /no multiple/],
  ['a cluster beyond the file', (b) => b.writeBigUInt64BE(2n ** 55n, qcow2.stored[0]), /of a file of/],
  ['a cluster with reserved bits', (b) => b.writeBigUInt64BE(2n ** 58n, qcow2.stored[0]), /reserved/],
  [
    'a packed cluster beyond the file',
    (b) => b.writeBigUInt64BE((1n << 62n) | (2n ** 57n), qcow2.packed[0]),
    /compressed at/,
  ],
  ['a packed cluster in the header', (b) => b.writeBigUInt64BE(1n << 62n, qcow2.packed[0]), /own tables/],
  ['clusters of one byte', (b) => b.writeUInt32BE(0, 20), /clusters of/],
  ['clusters of 2^63 bytes', (b) => b.writeUInt32BE(63, 20), /clusters of/],
  ['a disk of 2^64 bytes', (b) => b.writeBigUInt64BE(2n ** 64n - 1n, 24), /a disk of/],
  ['a disk of 4 PiB', (b) => b.writeBigUInt64BE(2n ** 52n, 24), /at most/],
  ['a header of 4 GiB', (b) => b.writeUInt32BE(0xffff_ffff, 100), /a header of/],
  ['the corrupt bit', (b) => b.writeBigUInt64BE(2n, 72), /qemu-img check/],
  ['a compression that it denies', (b) => b.writeBigUInt64BE(8n, 72), /compression type 0/],
])('a qcow2 image with %s is damaged', async (_name, change, reason) => {
  const bytes = Buffer.from(qcow2.bytes);
  change(bytes);
  await expect(readBytes(bytes)).rejects.toThrow(reason);
  await expect(readBytes(bytes)).rejects.toThrow(/disk is damaged|at most/);
});

test.each<[string, Change, RegExp]>([
  ['a backing file', (b) => b.writeBigUInt64BE(4000n, 8), /backing file/],
  ['AES', (b) => b.writeUInt32BE(1, 32), /AES/],
  ['LUKS', (b) => b.writeUInt32BE(2, 32), /LUKS/],
  ['an external data file', (b) => b.writeBigUInt64BE(4n, 72), /another file/],
  ['features of the future', (b) => b.writeBigUInt64BE(1n << 63n, 72), /0x8000000000000000/],
  ['a version of the past', (b) => b.writeUInt32BE(1, 4), /version 1/],
])('a qcow2 image with %s is not for us', async (_name, change, reason) => {
  const bytes = Buffer.from(qcow2.bytes);
  change(bytes);
  await expect(readBytes(bytes)).rejects.toThrow(reason);
  await expect(readBytes(bytes)).rejects.toThrow(UnsupportedDiskError);
});

test('an L2 table that two L1 entries share, a zero of version 2 and a split subcluster are damage', async () => {
  const small = writeQcow2(disk, { ...QCOW2, clusterBits: 9 });
  small.bytes.copy(small.bytes, small.l1 + 8, small.l1, small.l1 + 8);
  await expect(readBytes(small.bytes)).rejects.toThrow(/overlaps an L2/);
  const old = writeQcow2(disk, { ...QCOW2, version: 2 });
  old.bytes.writeBigUInt64BE(1n, old.stored[0]);
  await expect(readBytes(old.bytes)).rejects.toThrow(/cannot have/);
  const split = writeQcow2(disk, { ...QCOW2, clusterBits: 14, extendedL2: true });
  split.bytes.writeBigUInt64BE(0x0000_0001_0000_0001n, split.stored[0]! + 8);
  await expect(readBytes(split.bytes)).rejects.toThrow(/both zero and allocated/);
  split.bytes.writeBigUInt64BE(0n, split.stored[0]);
  split.bytes.writeBigUInt64BE(1n, split.stored[0]! + 8);
  await expect(readBytes(split.bytes)).rejects.toThrow(/of no cluster/);
});

test('a compressed cluster that inflates to more or to less than a cluster is refused', async () => {
  const image = writeQcow2(Buffer.alloc(1024 * 1024, 1), { ...QCOW2, clusterBits: 16, seed: 4 });
  for (const data of [Buffer.alloc(16 * 1024 * 1024), Buffer.alloc(100)]) {
    const packed = deflateRawSync(data, { windowBits: 12 });
    const where = Math.ceil(image.bytes.length / 65_536) * 65_536;
    const bytes = Buffer.alloc(where + 65_536);
    image.bytes.copy(bytes);
    packed.copy(bytes, where);
    const sectors = BigInt(Math.ceil(packed.length / 512) - 1);
    bytes.writeBigUInt64BE((1n << 62n) | (sectors << 54n) | BigInt(where), image.packed[0]);
    await expect(readBytes(bytes)).rejects.toThrow(CorruptDiskError);
  }
});

const described = (...lines: string[]): string =>
  ['# Disk DescriptorFile', 'version=1', 'CID=1', 'parentCID=ffffffff', 'createType="x"', ...lines].join(
    '\n',
  );
test('a descriptor leads to nothing but disk files beside it, and not twice to the same bytes', async () => {
  const naming = async (...lines: string[]): Promise<void> => {
    await writeFile(at('d.vmdk'), described(...lines));
    await read(at('d.vmdk'));
  };
  await writeFile(at('flat'), new Uint8Array(4096));
  await symlink(at('flat'), at('link'));
  spawnSync('mkfifo', [at('fifo')]);
  await naming('RW 4 FLAT "flat" 0', 'RW 4 FLAT "flat" 4');
  await expect(naming('RW 4 FLAT "flat" 0', 'RW 4 FLAT "flat" 3')).rejects.toThrow(/overlaps/);
  await expect(naming('RW 1 FLAT "link" 0')).rejects.toThrow(/symbolic link/);
  await expect(naming('RW 1 FLAT "fifo" 0')).rejects.toThrow(/no regular file/);
  await expect(naming('RW 1 FLAT "d.vmdk" 0')).rejects.toThrow(/names itself/);
  for (const name of ['../flat', '/etc/passwd', 'a/b', 'a\\\\b', '..', '.'])
    await expect(naming(`RW 1 FLAT "${name}" 0`)).rejects.toThrow(/beside it/);
  await expect(naming('RW 0 FLAT "flat" 0')).rejects.toThrow(/no bytes/);
  await expect(naming(...Array.from({ length: 5000 }, () => 'RW 1 ZERO'))).rejects.toThrow(/5000 extents/);
  const { bytes } = writeSparse(disk, { ...SPARSE, redundant: false });
  await writeFile(at('s'), bytes);
  await naming('RW 600 SPARSE "s"', 'RW 8 ZERO');
  await expect(naming('RW 600 SPARSE "s"', 'RW 600 SPARSE "s"')).rejects.toThrow(/overlaps/);
  await expect(naming('RW 601 SPARSE "s"')).rejects.toThrow(/descriptor says/);
  await writeFile(at('d.vmdk'), described('RW 1 ZERO').padEnd(1024 * 1024 + 1));
  await expect(read(at('d.vmdk'))).rejects.toThrow(/larger than 1 MiB/);
});

test('what the caller names may be a link, but must be a file or a disk; a FIFO is not waited for', async () => {
  await writeFile(at('file'), sparse.bytes);
  await symlink(at('file'), at('link.qcow2'));
  await read(at('link.qcow2'));
  spawnSync('mkfifo', [at('fifo')]);
  await expect(openDiskFile(at('fifo'))).rejects.toThrow(/neither a regular file nor a block device/);
  await expect(openRawFile(at('fifo'))).rejects.toThrow(UnsupportedDiskError);
  await expect(openDiskFile(folder)).rejects.toThrow(UnsupportedDiskError);
  await expect(openDiskFile('/dev/zero')).rejects.toThrow(UnsupportedDiskError);
});

test('raw is what the caller says, or allows; a known magic is never raw unless the caller says so', async () => {
  await writeFile(at('disk.qcow2'), disk);
  await expect(openDiskFile(at('disk.qcow2'))).rejects.toThrow(/if it is a raw disk, say so/);
  const allowed = await openDiskFile(at('disk.qcow2'), { allowRaw: true });
  expect([allowed.format, allowed.reader.size]).toEqual(['raw', disk.length]);
  await allowed.reader.close();
  await writeFile(at('disk.raw'), qcow2.bytes);
  const found = await openDiskFile(at('disk.raw'), { allowRaw: true });
  expect(found.format).toBe('qcow2');
  await found.reader.close();
  const told = await openDiskFile(at('disk.raw'), { format: 'raw' });
  expect([told.format, told.reader.size]).toEqual(['raw', qcow2.bytes.length]);
  await told.reader.close();
  await expect(openDiskFile(at('disk.raw'), { format: 'vmdk' })).rejects.toThrow(/no KDMV magic/);
});

test('files that are long but empty, and empty ones, are refused at once', async () => {
  for (const size of [0, 1, 511, 2 ** 40]) {
    await writeFile(at('a'), '');
    await truncate(at('a'), size);
    for (const format of [undefined, 'vmdk', 'qcow2', 'ova'] as const)
      await expect(openDiskFile(at('a'), format ? { format } : {})).rejects.toThrow(
        /damaged|known format|no OVA/,
      );
  }
});

test('an abort stops a read and a map', async () => {
  await writeFile(at('a'), qcow2.bytes);
  const { reader } = await openDiskFile(at('a'));
  const stopped = AbortSignal.abort(new Error('enough'));
  await expect(reader.read(0, new Uint8Array(512), stopped)).rejects.toThrow('enough');
  await expect(collect(reader.extents(stopped))).rejects.toThrow('enough');
  await expect(openDiskFile(at('a'), { signal: stopped })).rejects.toThrow('enough');
  await reader.read(0, new Uint8Array(512), signal);
  await reader.close();
});
