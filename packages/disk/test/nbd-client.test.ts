import { expect, test } from 'vitest';
import {
  copyDisk,
  DiskSizeError,
  DiskUsageError,
  NbdServerError,
  openNbdReader,
  rangeReader,
  UnsupportedDiskError,
  type NbdWriterOptions,
} from '../src/index.ts';
import { at, failure, sparse, reading, serve, signal, writing } from './nbd-rig.ts';
import { simpleReply } from './nbd-messages.ts';
import { ALL_FLAGS, FLAG, type FakeOptions } from './nbd-server.ts';
import { collect, noise } from './support.ts';

test('the map: what is zero is never read, and a short or long answer makes no difference', async () => {
  const disk = sparse();
  const allocation = [
    { length: 8192, state: 3 },
    { length: 10_000, state: 0 },
    { length: 10_000, state: 4 },
    { length: 50_000, state: 2 },
    { length: 30_000, state: 1 },
    { length: disk.length - 108_192, state: 0 },
  ];
  for (const statusLimit of [1, 2, 1000]) {
    const server = await serve({ exports: { '': { disk, allocation } }, statusLimit });
    const reader = await reading(server);
    expect(await collect(reader.extents(signal))).toEqual([
      { offset: 0, length: 8192, kind: 'zero' },
      { offset: 8192, length: 20_000, kind: 'data' },
      { offset: 28_192, length: 50_000, kind: 'zero' },
      // A hole that is not said to be zero may hold anything.
      { offset: 78_192, length: disk.length - 78_192, kind: 'data' },
    ]);
    expect(server.served.every(({ type }) => type === 7)).toBe(true);
    // A long last extent is used, also beyond what was asked for.
    expect(server.served).toHaveLength(Math.ceil(6 / statusLimit));
  }
});

test('blocks of the server are kept to, and answers that are not whole blocks do no harm', async () => {
  const disk = noise(64 * 1024, 9);
  const allocation = [
    { length: 5000, state: 3 },
    { length: 7288, state: 0 },
    { length: disk.length - 12_288, state: 3 },
  ];
  disk.fill(0, 0, 5000).fill(0, 12_288);
  const server = await serve({
    exports: { '': { disk, blocks: [4096, 4096, 8192], allocation } },
    statusLimit: 2,
  });
  const reader = await reading(server);
  expect(await collect(reader.extents(signal))).toEqual([
    { offset: 0, length: 5000, kind: 'zero' },
    { offset: 5000, length: 7288, kind: 'data' },
    { offset: 12_288, length: disk.length - 12_288, kind: 'zero' },
  ]);
  for (const [offset, length] of [
    [0, 1],
    [4095, 2],
    [1, 20_000],
    [4096, 4096],
    [8000, 500],
    [60_000, 5536],
  ] as const) {
    const buffer = new Uint8Array(length).fill(0xee);
    await reader.read(offset, buffer, signal);
    expect(Buffer.compare(buffer, disk.subarray(offset, offset + length))).toBe(0);
  }
  const stuck = await serve({
    exports: {
      '': {
        disk,
        blocks: [4096, 4096, 8192],
        allocation: [
          { length: 100, state: 0 },
          { length: 1, state: 3 },
        ],
      },
    },
    statusLimit: 1,
  });
  const other = await reading(stuck);
  await expect(collect(other.extents(signal))).rejects.toMatchObject({ code: 'nbd_protocol' });
});

test('a dirty bitmap tells what was written; where there is none, opening says so', async () => {
  const disk = sparse();
  const extents = [
    { length: 65_536, state: 0 },
    { length: 65_536, state: 1 },
    { length: 131_072, state: 0 },
  ];
  const server = await serve({ exports: { '': { disk, bitmap: { name: 'pass-1', extents } } } });
  const reader = await reading(server, { dirtyBitmap: 'pass-1' });
  expect(await collect(reader.dirty(signal))).toEqual([{ offset: 65_536, length: 65_536 }]);
  expect((await collect(reader.extents(signal)))[0]).toEqual({ offset: 0, length: 8192, kind: 'zero' });
  expect(await failure(openNbdReader({ ...at(server), dirtyBitmap: 'pass-2' }, signal))).toBeInstanceOf(
    UnsupportedDiskError,
  );
  const plain = await reading(server);
  expect(() => plain.dirty(signal)).toThrow(UnsupportedDiskError);
});

test('a copy through reader and writer is byte for byte, sends no zeros, and is beyond a crash after its flush', async () => {
  const disk = sparse();
  const from = await serve({ exports: { '': { disk } } });
  const empty = new Uint8Array(disk.length + 4096);
  const to = await serve({ exports: { '': { disk: empty } } });
  const target = await writing(to, { size: disk.length });
  expect(target.size).toBe(disk.length);
  expect(target.capabilities.readsAsZero).toBe(true);
  await copyDisk({ source: await reading(from), target, chunkSize: 64 * 1024, signal });
  expect(target.capabilities.readsAsZero).toBe(false);
  expect(Buffer.compare(to.stable.get('')!.subarray(0, disk.length), disk)).toBe(0);
  expect(to.served.filter(({ type }) => type === 6)).toEqual([]);
  // Again, over other data: now its zeros are sent, as zeros.
  const other = rangeReader({ size: disk.length, readRange: async (_offset, buffer) => void buffer.fill(0) });
  await copyDisk({ source: other, target, chunkSize: 64 * 1024, signal });
  expect(to.stable.get('')!.every((byte) => byte === 0)).toBe(true);
  expect(to.served.filter(({ type }) => type === 6).length).toBeGreaterThan(0);
  await expect(target.write(disk.length, new Uint8Array(1), signal)).rejects.toThrow(DiskUsageError);
});

test('whether a target reads as zero is known, never hoped', async () => {
  const zeros = new Uint8Array(65_536);
  const known = async (
    item: object,
    more: Partial<NbdWriterOptions> = {},
    how: Partial<FakeOptions> = {},
  ) => {
    const server = await serve({ exports: { '': { disk: zeros.slice(), ...item } }, ...how });
    const writer = await writing(server, more);
    return { readsAsZero: writer.capabilities.readsAsZero, server };
  };
  expect((await known({})).readsAsZero).toBe(true);
  expect((await known({ allocation: [{ length: 65_536, state: 1 }] })).readsAsZero).toBe(false);
  expect((await known({ disk: noise(65_536) })).readsAsZero).toBe(false);
  expect((await known({}, {}, { refuse: { 8: 0x80000001 } })).readsAsZero).toBe(false);
  const cleared = await known({ disk: noise(65_536) }, { clear: true });
  expect(cleared.readsAsZero).toBe(true);
  expect(cleared.server.served[0]).toMatchObject({ type: 6, flags: 16, offset: 0, length: 65_536 });
  const slow = await known(
    { disk: noise(65_536) },
    { clear: true },
    {
      onRequest: ({ cookie, flags, type }) =>
        type === 6 && flags === 16 ? [simpleReply(cookie, 95)] : undefined,
    },
  );
  expect(slow.readsAsZero).toBe(false);
  expect(
    (await known({ disk: noise(65_536), flags: ALL_FLAGS & ~FLAG.fast }, { clear: true })).readsAsZero,
  ).toBe(false);
});

test('what a target cannot do is done otherwise or refused', async () => {
  const opened = async (flags: number, more: Partial<NbdWriterOptions> = {}) => {
    const server = await serve({ exports: { '': { disk: noise(65_536), flags } } });
    return { server, writer: await writing(server, more) };
  };
  // No write-zeroes: zeros are sent. No flush: every write goes through.
  const plain = await opened(FLAG.has | FLAG.fua);
  await plain.writer.zero(100, 50_000, signal);
  await plain.writer.write(0, noise(77, 3), signal);
  await plain.writer.trim(0, 65_536, signal);
  await plain.writer.flush(signal);
  expect(
    plain.server.served
      .filter(({ type }) => type !== 7)
      .every(({ type, flags }) => type === 1 && flags === 1),
  ).toBe(true);
  expect(
    plain.server.stable
      .get('')!
      .subarray(100, 50_100)
      .every((byte) => byte === 0),
  ).toBe(true);
  const thick = await opened(ALL_FLAGS, { thick: true });
  await thick.writer.zero(0, 4096, signal);
  await thick.writer.trim(4096, 8192, signal);
  expect(thick.server.served.slice(-2)).toMatchObject([
    { type: 6, flags: 2 },
    { type: 4, offset: 4096, length: 8192 },
  ]);
  await expect(opened(FLAG.has | FLAG.readOnly | FLAG.flush)).rejects.toMatchObject({
    code: 'nbd_read_only',
  });
  await expect(opened(FLAG.has)).rejects.toThrow(UnsupportedDiskError);
  await (await opened(FLAG.has, { volatile: true })).writer.flush(signal);
  await expect(opened(ALL_FLAGS, { size: 65_537 })).rejects.toThrow(DiskSizeError);
});

test('a server without room to zero as much at once gets zeros sent', async () => {
  const server = await serve({
    exports: { '': { disk: noise(65_536) } },
    onRequest: ({ cookie, type }) => (type === 6 ? [simpleReply(cookie, 75)] : undefined),
  });
  const writer = await writing(server);
  await writer.zero(0, 65_536, signal);
  expect(server.options.exports['']!.disk.every((byte) => byte === 0)).toBe(true);
});

test('parts of a block are read, changed and written, by one at a time', async () => {
  const disk = noise(65_536, 4);
  const expected = disk.slice();
  const server = await serve({ exports: { '': { disk, blocks: [4096, 4096, 16_384] } } });
  const writer = await writing(server);
  const all: Promise<void>[] = [];
  for (let offset = 10; offset + 700 < 65_536; offset += 700) {
    const data = noise(700, offset);
    if (offset % 3 === 0) {
      expected.fill(0, offset, offset + 700);
      all.push(writer.zero(offset, 700, signal));
    } else {
      expected.set(data, offset);
      all.push(writer.write(offset, data, signal));
    }
  }
  await Promise.all(all);
  expect(Buffer.compare(disk, expected)).toBe(0);
  const large = noise(50_001, 5);
  expected.set(large, 9000);
  await writer.write(9000, large, signal);
  expect(Buffer.compare(disk, expected)).toBe(0);
});

test('errors of the server keep their names', async () => {
  const error = async (number: number): Promise<unknown> => {
    const server = await serve({
      exports: { '': { disk: new Uint8Array(4096) } },
      onRequest: ({ cookie, type }) => (type === 1 ? [simpleReply(cookie, number)] : undefined),
    });
    const writer = await writing(server);
    return writer.write(0, new Uint8Array(10), signal).catch((caught: unknown) => caught);
  };
  for (const [number, errno, code, retryable] of [
    [1, 'EPERM', 'nbd_not_permitted', false],
    [5, 'EIO', 'nbd_io', true],
    [12, 'ENOMEM', 'nbd_no_memory', true],
    [22, 'EINVAL', 'nbd_invalid', false],
    [28, 'ENOSPC', 'nbd_no_space', false],
    [75, 'EOVERFLOW', 'nbd_too_large', false],
    [108, 'ESHUTDOWN', 'nbd_shutdown', true],
    [4711, 'EINVAL', 'nbd_invalid', false],
  ] as const) {
    const caught = await error(number);
    expect(caught).toBeInstanceOf(NbdServerError);
    expect(caught).toMatchObject({ errno, code, retryable });
  }
});
