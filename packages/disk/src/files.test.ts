import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  copyDisk,
  DiskMapError,
  DiskSizeError,
  DiskUsageError,
  openDeviceWriter,
  openRawFile,
  rangeReader,
  verifyDisk,
} from './index.ts';
import { deviceNumbers } from './device-size.ts';
import { collect } from '../test/support.ts';

const { signal } = new AbortController();
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-disk-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a created device file is sparse, reads as zero, holds what is written, and is not created twice', async () => {
  const path = join(folder, 'a');
  const writer = await openDeviceWriter(path, { size: 3_000_000, create: true });
  expect(writer.capabilities).toEqual({ randomAccess: true, readsAsZero: true, needsMap: false });
  await writer.write(1_000_000, new Uint8Array(10).fill(7), signal);
  await writer.zero(1_000_002, 2, signal);
  await writer.flush(signal);
  await writer.close();
  const bytes = await readFile(path);
  expect(bytes.length).toBe(3_000_000);
  expect([...bytes.subarray(999_999, 1_000_011)]).toEqual([0, 7, 7, 0, 0, 7, 7, 7, 7, 7, 7, 0]);
  await expect(openDeviceWriter(path, { size: 3_000_000, create: true })).rejects.toThrow(/EEXIST/);
});

test('an existing file is not believed to read as zero, is never truncated, and must have room', async () => {
  const path = join(folder, 'b');
  await writeFile(path, new Uint8Array(4096).fill(1));
  const writer = await openDeviceWriter(path, { size: 1024 });
  expect(writer.capabilities.readsAsZero).toBe(false);
  await writer.zero(0, 1024, signal);
  await expect(writer.write(1000, new Uint8Array(25), signal)).rejects.toThrow(DiskUsageError);
  await writer.close();
  await expect(writer.write(0, new Uint8Array(1), signal)).rejects.toThrow('closed');
  expect((await stat(path)).size).toBe(4096);
  expect((await readFile(path)).subarray(1023, 1025)).toEqual(Buffer.from([0, 1]));
  await expect(openDeviceWriter(path, { size: 4097 })).rejects.toThrow(DiskSizeError);
});

test('a raw file is read at any offset, within its bounds', async () => {
  const path = join(folder, 'c');
  await writeFile(
    path,
    Uint8Array.from({ length: 1000 }, (_, i) => i & 255),
  );
  const reader = await openRawFile(path, { size: 900 });
  const buffer = new Uint8Array(3);
  await reader.read(897, buffer, signal);
  expect([...buffer]).toEqual([129, 130, 131]);
  await expect(reader.read(898, buffer, signal)).rejects.toThrow(DiskUsageError);
  expect(await collect(reader.extents(signal))).toEqual([{ offset: 0, length: 900, kind: 'data' }]);
  await reader.close();
  await reader.close();
  await expect(openRawFile(path, { size: 1001 })).rejects.toThrow(DiskSizeError);
});

test('a range reader covers the disk by its map and refuses a map that goes back or beyond the end', async () => {
  const mapped = (...map: { offset: number; length: number }[]) =>
    rangeReader({ size: 100, readRange: () => Promise.resolve(), map: () => map });
  const good = mapped({ offset: 10, length: 5 }, { offset: 15, length: 5 }, { offset: 30, length: 0 });
  expect(good.capabilities.knowsMap).toBe(true);
  expect(await collect(good.extents(signal))).toEqual([
    { offset: 0, length: 10, kind: 'zero' },
    { offset: 10, length: 10, kind: 'data' },
    { offset: 20, length: 80, kind: 'zero' },
  ]);
  for (const bad of [
    mapped({ offset: 10, length: 5 }, { offset: 12, length: 5 }),
    mapped({ offset: 90, length: 11 }),
  ])
    await expect(collect(bad.extents(signal))).rejects.toThrow(DiskMapError);
});

test('a fresh file no longer reads as zero once written: a second copy sends its zeros', async () => {
  const path = join(folder, 'e');
  const target = await openDeviceWriter(path, { size: 256 * 1024, create: true });
  const copyOf = (disk: Uint8Array) =>
    copyDisk({
      source: rangeReader({
        size: disk.length,
        readRange: async (offset, buffer) => buffer.set(disk.subarray(offset, offset + buffer.length)),
      }),
      target,
      signal,
    });
  await copyOf(new Uint8Array(256 * 1024));
  expect(target.capabilities.readsAsZero).toBe(true);
  await copyOf(new Uint8Array(256 * 1024).fill(1));
  expect(target.capabilities.readsAsZero).toBe(false);
  const { manifest } = await copyOf(new Uint8Array(256 * 1024));
  await target.close();
  const reader = await openRawFile(path);
  expect((await verifyDisk({ manifest, reader, signal })).mismatches).toEqual([]);
  await reader.close();
});

test('an aborted signal stops reads and writes before they start', async () => {
  const aborted = AbortSignal.abort(new Error('enough'));
  const writer = await openDeviceWriter(join(folder, 'd'), { size: 512, create: true });
  await expect(writer.write(0, new Uint8Array(512), aborted)).rejects.toThrow('enough');
  await expect(writer.flush(aborted)).rejects.toThrow('enough');
  await writer.close();
  const reader = rangeReader({ size: 4, readRange: () => Promise.reject(new Error('not reached')) });
  await expect(reader.read(0, new Uint8Array(1), aborted)).rejects.toThrow('enough');
});

test('device numbers are split as the kernel joins them', () => {
  expect(deviceNumbers(0x0811)).toEqual({ major: 8, minor: 17 });
  expect(deviceNumbers(0x103b05)).toEqual({ major: 0x3b, minor: 0x105 });
});
