import { execFileSync } from 'node:child_process';
import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { noise } from '../../test/support.ts';
import { openDeviceWriter, openRawFile } from '../index.ts';
import { FileCallError, loadFileCalls, type FileCalls } from './file-calls.ts';
import { Writeback } from './writeback.ts';
import { ZeroMaker } from './zero-maker.ts';

const { signal } = new AbortController();
const MIB = 1024 * 1024;

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'guts-linux-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}
async function calls(): Promise<FileCalls> {
  const loaded = await loadFileCalls();
  if (!loaded) throw new Error('no calls on this host');
  return loaded;
}

test.runIf(process.platform === 'linux')('a raw file tells its holes, and reads as it is', async () => {
  const path = join(await folder(), 'disk');
  const writer = await openDeviceWriter(path, { size: 64 * MIB, create: true });
  const data = noise(MIB);
  await writer.write(8 * MIB, data, signal);
  await writer.write(40 * MIB, data, signal);
  await writer.flush(signal);
  await writer.close();
  const reader = await openRawFile(path);
  const found = [];
  for await (const extent of reader.extents(signal)) found.push(extent);
  await reader.close();
  expect(found).toEqual([
    { offset: 0, length: 8 * MIB, kind: 'zero' },
    { offset: 8 * MIB, length: MIB, kind: 'data' },
    { offset: 9 * MIB, length: 31 * MIB, kind: 'zero' },
    { offset: 40 * MIB, length: MIB, kind: 'data' },
    { offset: 41 * MIB, length: 23 * MIB, kind: 'zero' },
  ]);
});

test.runIf(process.platform === 'linux')('zeros give room back, whatever range they have', async () => {
  const path = join(await folder(), 'disk');
  const all = noise(8 * MIB);
  await fc.assert(
    fc.asyncProperty(fc.nat(4 * MIB), fc.nat(4 * MIB), async (offset, length) => {
      await rm(path, { force: true });
      const writer = await openDeviceWriter(path, { size: 8 * MIB, create: true });
      const data = new Uint8Array(all);
      await writer.write(0, data, signal);
      await writer.flush(signal);
      await writer.zero(offset, length, signal);
      await writer.flush(signal);
      await writer.close();
      data.fill(0, offset, offset + length);
      expect(Buffer.compare(await readFile(path), data)).toBe(0);
      const { blocks, size } = await stat(path);
      expect(size).toBe(8 * MIB);
      expect(blocks * 512).toBeLessThan(8 * MIB - length + 64 * 1024);
    }),
    { numRuns: 20 },
  );
});

test('where the kernel refuses, zeros are written', async () => {
  const path = join(await folder(), 'disk');
  const handle = await open(path, 'w+');
  onTestFinished(() => handle.close());
  const data = noise(3 * MIB);
  await handle.write(data, 0, 3 * MIB, 0);
  const asked: string[] = [];
  const refuse = (name: string) => async () => {
    asked.push(name);
    throw new FileCallError('fallocate', 95);
  };
  const maker = new ZeroMaker(handle, {
    ...(await calls()),
    punchHole: refuse('punch'),
    zeroRange: refuse('zero'),
  });
  await maker.make(100, 2 * MIB, signal);
  await maker.make(0, 50, signal);
  expect(asked).toEqual(['punch', 'zero']);
  const bytes = await readFile(path);
  expect(bytes.subarray(100, 2 * MIB + 100).every((byte) => byte === 0)).toBe(true);
  expect(bytes.length).toBe(3 * MIB);
  expect(bytes[2 * MIB + 100]).toBe(data[2 * MIB + 100]);
});

test.runIf(process.platform === 'linux')('what two calls at once are refused is given up once', async () => {
  const path = join(await folder(), 'disk');
  const handle = await open(path, 'w+');
  onTestFinished(() => handle.close());
  await handle.truncate(MIB);
  const asked: string[] = [];
  const maker = new ZeroMaker(handle, {
    ...(await calls()),
    punchHole: async () => {
      asked.push('punch');
      throw new FileCallError('fallocate', 95);
    },
    zeroRange: async () => void asked.push('zero'),
  });
  await Promise.all([maker.make(0, 4096, signal), maker.make(8192, 4096, signal)]);
  await maker.make(0, 4096, signal);
  expect(asked).toEqual(['punch', 'punch', 'zero', 'zero', 'zero']);
});

test.runIf(process.platform === 'linux')('a call that fails says why, each its own reason', async () => {
  const kernel = await calls();
  const path = join(await folder(), 'empty');
  const handle = await open(path, 'w');
  onTestFinished(() => handle.close());
  const pipe = await open('/dev/null', 'w');
  onTestFinished(() => pipe.close());
  const errnos = await Promise.all(
    [
      kernel.seekData(-1, 0),
      kernel.punchHole(handle.fd, 0, 0),
      kernel.punchHole(pipe.fd, 0, 10),
      kernel.seekData(handle.fd, 5),
    ].map((one) => one.catch((error: unknown) => (error instanceof FileCallError ? error.errno : error))),
  );
  // EBADF, EINVAL, ENODEV; behind the end there is no data.
  expect(errnos).toEqual([9, 22, 19, null]);
});

test.runIf(process.platform === 'linux')(
  'what was dropped from the cache is read again from the disk',
  async () => {
    const path = join(await folder(), 'disk');
    const writer = await openDeviceWriter(path, { size: 4 * MIB, create: true });
    await writer.write(0, noise(4 * MIB), signal);
    await writer.flush(signal);
    await writer.close();
    const cached = (): number => {
      const out = execFileSync('fincore', ['-n', '-b', '-o', 'RES', path], { encoding: 'utf8' });
      return Number(out.trim());
    };
    expect(cached()).toBe(4 * MIB);
    const handle = await open(path, 'r');
    onTestFinished(() => handle.close());
    await (await calls()).dropCache(handle.fd, 0, 4 * MIB);
    expect(cached()).toBeLessThan(MIB);
  },
);

test('an error of the disk that a wait met is not lost, and a kernel without such calls is not asked again', async () => {
  const path = join(await folder(), 'disk');
  const handle = await open(path, 'w+');
  onTestFinished(() => handle.close());
  for (const [errno, isLost] of [
    [5, true],
    [28, true],
    [38, false],
  ] as const) {
    const asked: string[] = [];
    const kernel: FileCalls = {
      ...(await calls()),
      startWriteback: async (_fd, offset, length) => {
        asked.push(`start ${offset / MIB}+${length / MIB}`);
      },
      waitWriteback: async (_fd, offset, length) => {
        asked.push(`wait ${offset / MIB}+${length / MIB}`);
        throw new FileCallError('sync_file_range', errno);
      },
    };
    const writeback = new Writeback(handle, kernel);
    for (const at of [0, 40, 80, 120]) {
      await writeback.wrote(at * MIB, 40 * MIB);
      await writeback.settled();
    }
    expect(asked).toEqual(['start 0+40', 'start 40+40', 'wait 0+40']);
    expect(writeback.lost !== undefined).toBe(isLost);
  }
});
