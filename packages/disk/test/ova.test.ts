import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CorruptDiskError, openDiskFile, openOva, UnsupportedDiskError, type Ova } from '../src/index.ts';
import { randomDisk } from './dice.ts';
import { judge } from './disk-file.ts';
import {
  manifest,
  ovf,
  tar,
  tarHeader,
  withChecksum,
  type Member,
  type OvfDiskOptions,
} from './ova-writer.ts';
import { writeQcow2 } from './qcow2-writer.ts';
import { collect } from './support.ts';
import { encodeStreamVmdk } from './vmdk-encoder.ts';

const { signal } = new AbortController();
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-ova-'));
});
afterEach(() => rm(folder, { recursive: true }));

const first = randomDisk(500, 1);
const second = randomDisk(300, 2);
const files: readonly Member[] = [
  { name: 'a-disk1.vmdk', bytes: encodeStreamVmdk(first, { grainSectors: 16 }).bytes },
  {
    name: 'a-disk2.img',
    bytes: writeQcow2(second, { version: 3, clusterBits: 12, extendedL2: false, seed: 1 }).bytes,
  },
];
const listed: readonly OvfDiskOptions[] = [
  { file: 'a-disk1.vmdk', size: files[0]!.bytes.length, capacity: '500', units: 'byte * 2^9' },
  { file: 'a-disk2.img', capacity: '153600' },
  { capacity: '2', units: 'byte * 2^20' },
];
const envelope = (disks: readonly OvfDiskOptions[] = listed): Member => ({
  name: 'a.ovf',
  bytes: Buffer.from(ovf(disks)),
});
async function opened(bytes: Uint8Array): Promise<Ova> {
  const path = join(folder, 'a.ova');
  await writeFile(path, bytes);
  return openOva(path);
}

test('the disks of an OVA are listed, read in place, and streamed', async () => {
  const signed = [envelope(), ...files];
  const ova = await opened(tar([...signed, { name: 'a.mf', bytes: Buffer.from(manifest(signed)) }]));
  expect(ova.disks.map(({ id, file, capacity }) => [id, file, capacity])).toEqual([
    ['vmdisk0', 'a-disk1.vmdk', first.length],
    ['vmdisk1', 'a-disk2.img', second.length],
    ['vmdisk2', undefined, 2 * 1024 * 1024],
  ]);
  const contents = [first, second, Buffer.alloc(2 * 1024 * 1024)];
  for (const [index, disk] of ova.disks.entries()) {
    const reader = await ova.openDisk(disk, signal);
    expect((await judge(reader, contents[index]!)).wrong).toEqual([]);
    await reader.close();
  }
  const stream = await ova.openStream(ova.disks[0]!, signal);
  const streamed = Buffer.alloc(stream.size);
  for (const { offset, data } of await collect(stream.chunks(signal))) streamed.set(data, offset);
  expect(Buffer.compare(streamed, first)).toBe(0);
  await expect(ova.openStream(ova.disks[1]!, signal)).rejects.toThrow(CorruptDiskError);
  await expect(ova.openStream(ova.disks[2]!, signal)).rejects.toThrow(/empty/);
  await ova.verify(signal);
  await ova.close();
  await ova.close();
});

test('the manifest finds a changed byte, a missing member and a disk that it does not name', async () => {
  const signed = [envelope(), ...files];
  const ending = async (bytes: Uint8Array): Promise<void> => {
    const ova = await opened(bytes);
    try {
      await ova.verify(signal);
    } finally {
      await ova.close();
    }
  };
  const mf = (text: string): Member => ({ name: 'a.mf', bytes: Buffer.from(text) });
  await ending(
    tar([...signed, mf(manifest(signed, 'sha1').replaceAll(')= ', ') = ').replaceAll('\n', '\r\n'))]),
  );
  const changed = tar([...signed, mf(manifest(signed))]);
  const inDisk = changed.indexOf(files[1]!.bytes) + 5000;
  changed.writeUInt8(changed.readUInt8(inDisk) ^ 1, inDisk);
  await expect(ending(changed)).rejects.toThrow(/a-disk2.img has the sha256/);
  await expect(ending(tar([...signed, mf(manifest(signed.slice(0, 2)))]))).rejects.toThrow(
    /does not name "a-disk2.img"/,
  );
  const gone = manifest([...signed, { name: 'gone.vmdk', bytes: Buffer.alloc(1) }]);
  await expect(ending(tar([...signed, mf(gone)]))).rejects.toThrow(/does not hold "gone.vmdk"/);
  await expect(ending(tar([...signed, mf('SHA256(a.ovf)= 12')]))).rejects.toThrow(/cannot be read/);
  await expect(ending(tar(signed))).rejects.toThrow(UnsupportedDiskError);
});

test('an OVA of one disk is opened as a disk, however its archive was made', async () => {
  const only = [envelope(listed.slice(0, 1)), files[0]!];
  for (const { name, bytes } of only) await writeFile(join(folder, name), bytes);
  const archives = [
    tar(only),
    tar(only.map((member) => ({ ...member, name: `./${member.name}` }))),
    // What comes before a member may name it: GNU's long name and pax's record.
    Buffer.concat([
      tar([only[0]!]).subarray(0, -1024),
      tar([{ name: '././@LongLink', bytes: Buffer.from('a-disk1.vmdk\0'), type: 'L' }]).subarray(0, -1024),
      tar([{ ...files[0]!, name: 'cut' }]),
    ]),
    Buffer.concat([
      tar([only[0]!]).subarray(0, -1024),
      tar([{ name: 'x', bytes: Buffer.from(paxRecord('path', 'a-disk1.vmdk')), type: 'x' }]).subarray(
        0,
        -1024,
      ),
      tar([{ ...files[0]!, name: 'cut' }]),
    ]),
    // Of more than 8 GiB pax tells the size, and what the header says is nothing.
    Buffer.concat([
      tar([
        only[0]!,
        { name: 'x', bytes: Buffer.from(paxRecord('size', String(files[0]!.bytes.length))), type: 'x' },
        { name: 'a-disk1.vmdk', bytes: Buffer.alloc(0) },
      ]).subarray(0, -1024),
      files[0]!.bytes,
      Buffer.alloc(1024),
    ]),
    ...['gnu', 'pax', 'ustar'].map(
      (format) =>
        spawnSync('tar', [`--format=${format}`, '-C', folder, '-cf', '-', 'a.ovf', 'a-disk1.vmdk']).stdout,
    ),
  ];
  for (const bytes of archives) {
    const path = join(folder, 'disk.raw');
    await writeFile(path, bytes);
    const { format, reader } = await openDiskFile(path);
    expect(format).toBe('ova');
    expect((await judge(reader, first)).wrong).toEqual([]);
    await reader.close();
  }
});

test('of an OVA with several disks one is chosen, by its id or the name of its file', async () => {
  const path = join(folder, 'many.ova');
  await writeFile(path, tar([envelope(), ...files]));
  for (const [ovaDisk, disk] of [
    ['vmdisk0', first],
    ['a-disk1.vmdk', first],
    ['vmdisk1', second],
    ['vmdisk2', new Uint8Array(2 * 1024 * 1024)],
  ] as const) {
    const { format, reader } = await openDiskFile(path, { ovaDisk });
    expect(format).toBe('ova');
    expect((await judge(reader, disk)).wrong).toEqual([]);
    await reader.close();
  }
  const names = '"vmdisk0" (a-disk1.vmdk), "vmdisk1" (a-disk2.img), "vmdisk2"';
  await expect(openDiskFile(path)).rejects.toMatchObject({
    code: 'disk_usage',
    message: `many.ova is an OVA, and one of its disks must be chosen: ${names}`,
  });
  await expect(openDiskFile(path, { ovaDisk: 'a' })).rejects.toMatchObject({
    code: 'disk_usage',
    message: `many.ova is an OVA, and it has no disk "a" alone: ${names}`,
  });
  await writeFile(join(folder, 'a.vmdk'), files[0]!.bytes);
  await expect(openDiskFile(join(folder, 'a.vmdk'), { ovaDisk: 'vmdisk0' })).rejects.toMatchObject({
    code: 'disk_usage',
    message: 'a.vmdk is no OVA: there is no disk "vmdisk0" to choose',
  });
});

/** Its length counts its own digits: two of them, for all that is used here. */
function paxRecord(key: string, value: string): string {
  return `${key.length + value.length + 5} ${key}=${value}\n`;
}

const one = (more: Partial<OvfDiskOptions>): Buffer =>
  tar([envelope([{ ...listed[0]!, ...more }]), files[0]!]);
test.each<[string, () => Buffer, RegExp]>([
  ['a disk in a file elsewhere', () => one({ file: '../../etc/passwd' }), /does not hold/],
  ['a disk on the web', () => one({ file: 'http://example.com/a.vmdk' }), /does not hold/],
  ['a compressed disk', () => one({ fileAttributes: 'ovf:compression="gzip"' }), /compressed/],
  ['a disk in pieces', () => one({ fileAttributes: 'ovf:chunkSize="7"' }), /in pieces/],
  ['a delta', () => one({ diskAttributes: 'ovf:parentRef="vmdisk9"' }), /delta/],
  ['a size that is not', () => one({ size: 5 }), /the OVF says 5/],
  ['a capacity that is none', () => one({ capacity: 'big' }), /size of "big"/],
  ['a capacity of 2^99', () => one({ units: 'byte * 2^99' }), /size of "500"/],
  ['odd units', () => one({ units: 'furlong' }), /furlong/],
  [
    'two disks of one id',
    () => one({ diskAttributes: '/><Disk ovf:diskId="vmdisk0" ovf:capacity="1"' }),
    /two things/,
  ],
  [
    'a document type',
    () => tar([{ name: 'a.ovf', bytes: Buffer.from('<!DOCTYPE a><a/>') }]),
    /document type/,
  ],
  ['no XML', () => tar([{ name: 'a.ovf', bytes: Buffer.from('<Envelope>') }]), /no sound XML/],
  ['no OVF', () => tar(files), /without an OVF/],
  ['two OVFs', () => tar([envelope(), { ...envelope(), name: 'b.ovf' }]), /2 members/],
  ['two members of one name', () => tar([envelope(), files[0]!, files[0]!]), /two members/],
  [
    'a disk that is a link',
    () => tar([envelope(listed.slice(0, 1)), { name: 'a-disk1.vmdk', bytes: Buffer.alloc(0), type: '2' }]),
    /does not hold/,
  ],
  ['a sparse member', () => tar([envelope(), { ...files[0]!, type: 'S' }]), /sparse member/],
  ['a member of 8 EiB', () => withSize(2n ** 63n - 1n), /impossible size|ends inside/],
  ['a member of a size less than nothing', () => withSize(2n ** 64n - 1n), /impossible size|ends inside/],
  [
    'a pax record without an end',
    () => tar([{ name: 'x', bytes: Buffer.from('99 path=a\n'), type: 'x' }, envelope()]),
    /extended header/,
  ],
  [
    'a pax record of no length',
    () => tar([{ name: 'x', bytes: Buffer.from('0 path=a\n'), type: 'x' }, envelope()]),
    /extended header/,
  ],
])('an OVA with %s is refused', async (_name, make, reason) => {
  const path = join(folder, 'a.ova');
  await writeFile(path, make());
  await expect(openDiskFile(path)).rejects.toThrow(reason);
  await expect(openDiskFile(path)).rejects.toMatchObject({ code: expect.stringMatching(/^disk_/) as string });
});

function withSize(size: bigint): Buffer {
  const header = tarHeader('a.ovf', 8 ** 11);
  header.writeBigUInt64BE(size, 128);
  return Buffer.concat([withChecksum(header), Buffer.alloc(1024)]);
}

test('an archive cut off anywhere is damaged, or lacks its disk', async () => {
  const whole = tar([envelope(listed.slice(0, 1)), files[0]!]);
  const path = join(folder, 'cut.ova');
  for (let length = 512; length < whole.length - 1024 - 512; length += 4099) {
    await writeFile(path, whole.subarray(0, length));
    await expect(openDiskFile(path)).rejects.toThrow(/damaged|without an OVF/);
  }
});
