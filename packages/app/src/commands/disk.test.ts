import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '@guts/cli';
import { GutsError } from '@guts/core';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { nbdkit, qemuImg, without } from '../../test/disk-tools.ts';
import { createProgram } from '../program.ts';
import { diskCopy, diskInfo, diskVerify, type CopyOptions, type Surroundings } from './disk.ts';

const MIB = 2 ** 20;
const SIZE = 20 * MIB;

let folder: string;
/** A raw disk with data in three places. */
let raw: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-disk-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  raw = join(folder, 'source.raw');
  const file = await open(raw, 'wx');
  for (const [at, length] of [
    [0, 512],
    [5 * MIB + 4096, 3 * MIB],
    [SIZE - 4096, 4096],
  ] as const)
    await file.write(Buffer.alloc(length, Buffer.from(`from ${at} on: `)), 0, length, at);
  await file.close();
});

const pause = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
  sleep(milliseconds, undefined, signal ? { signal } : {});

interface Ran {
  readonly out: string;
  readonly error: unknown;
}

async function ran(
  work: (surroundings: Surroundings) => Promise<void>,
  more: Partial<Surroundings> = {},
): Promise<Ran> {
  let out = '';
  let now = 0;
  const surroundings = {
    json: false,
    out: { write: (text: string) => (out += text) },
    clock: { monotonic: () => (now += 100), sleep: pause },
    signal: new AbortController().signal,
    ...more,
  };
  const error = await work(surroundings).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return { out, error };
}
const copy = (
  source: string,
  target: string,
  options: Partial<CopyOptions> = {},
  more: Partial<Surroundings> = {},
): Promise<Ran> => ran((all) => diskCopy(source, target, { force: false, ...options }, all), more);
const copyRaw = (target: string, options: Partial<CopyOptions> = {}, more: Partial<Surroundings> = {}) =>
  copy(raw, target, { sourceFormat: 'raw', ...options }, more);
const verify = (disk: string, manifest: string, more: Partial<Surroundings> = {}): Promise<Ran> =>
  ran((all) => diskVerify(disk, { manifest }, all), more);
const bytesOf = (path: string): Promise<Buffer> => readFile(path);
const gutsError = (code: string, message: RegExp) =>
  expect.objectContaining({ name: 'GutsError', code, message: expect.stringMatching(message) });

describe('guts disk info', () => {
  test('takes a disk without a magic for raw only when it is told to', async () => {
    const refused = await ran((all) => diskInfo(raw, {}, all));
    expect(refused.error).toEqual(gutsError('unsupported', /if it is a raw disk, say so/));
    const { out } = await ran((all) => diskInfo(raw, { format: 'raw' }, all), { json: true });
    expect(JSON.parse(out)).toMatchObject({ format: 'raw', size: SIZE });
  });
  test.skipIf(without('qemu-img'))('tells format, size and data of a qcow2 of qemu-img', async () => {
    const file = join(folder, 'a.qcow2');
    qemuImg('convert', '-f', 'raw', '-O', 'qcow2', raw, file);
    const { out, error } = await ran((all) => diskInfo(file, {}, all), { json: true });
    expect(error).toBeNull();
    const facts = JSON.parse(out) as { data_bytes: number };
    expect(facts).toMatchObject({ format: 'qcow2', size: SIZE, data_extents: 3 });
    expect(facts.data_bytes).toBeGreaterThanOrEqual(3 * MIB);
    expect(facts.data_bytes).toBeLessThan(4 * MIB);
    const table = await ran((all) => diskInfo(file, {}, all));
    expect(table.out).toMatch(/size +\| 20\.0 MiB \(20971520 bytes\)/);
  });
});

describe('guts disk copy', () => {
  test('makes a file of a raw disk, and its manifest, and tells how far it is in lines', async () => {
    const [target, manifest] = [join(folder, 'a.raw'), join(folder, 'a.json')];
    const { out, error } = await copyRaw(target, { manifest });
    expect(error).toBeNull();
    expect((await bytesOf(target)).equals(await bytesOf(raw))).toBe(true);
    const lines = out.trimEnd().split('\n');
    expect(lines.some((line) => /copying: .* 100% .* flushing$/.test(line))).toBe(true);
    expect(lines.at(-2)).toMatch(/a\.raw: 20\.0 MiB copied and flushed in .*; .* are zero$/);
    expect(out).not.toContain('\u001b');
    expect((await verify(target, manifest)).error).toBeNull();
    expect((await readdir(folder)).toSorted()).toEqual(['a.json', 'a.raw', 'source.raw']);
  });
  test('draws a bar on a terminal, and writes one document with --json', async () => {
    let drawn = '';
    const out = { isTTY: true, columns: 120, write: (text: string) => (drawn += text) };
    await copyRaw(join(folder, 'a.raw'), {}, { out });
    expect(drawn).toMatch(/\[#{24}\] 100%/);
    expect(drawn).toContain('\u001b[2A');
    const told = await copyRaw(join(folder, 'b.raw'), {}, { json: true });
    expect(JSON.parse(told.out)).toMatchObject({
      format: 'raw',
      size: SIZE,
      manifest: null,
      bytes_zero: expect.any(Number),
    });
  });
  test('replaces a file only when it is told to, and once the new one is whole', async () => {
    const target = join(folder, 'a.raw');
    await writeFile(target, 'precious');
    const refused = await copyRaw(target);
    expect(refused.error).toEqual(gutsError('conflict', /there is a file .*a\.raw already, of 8 B/));
    const stop = new AbortController();
    const clock = {
      sleep: pause,
      monotonic: () => {
        stop.abort(new GutsError('cancelled', 'interrupted'));
        return 0;
      },
    };
    const ended = await copyRaw(target, { force: true }, { signal: stop.signal, clock });
    expect(ended.error).toEqual(gutsError('cancelled', /interrupted: .*a\.raw is as it was/));
    expect(await readFile(target, 'utf8')).toBe('precious');
    expect((await copyRaw(target, { force: true })).error).toBeNull();
    expect((await bytesOf(target)).equals(await bytesOf(raw))).toBe(true);
    expect((await readdir(folder)).toSorted()).toEqual(['a.raw', 'source.raw']);
  });
  test('leaves alone what another copy may be writing, and a manifest that is there', async () => {
    const target = join(folder, 'a.raw');
    await writeFile(`${target}.partial`, 'of another');
    expect((await copyRaw(target)).error).toEqual(gutsError('conflict', /a\.raw\.partial: another copy/));
    expect(await readFile(`${target}.partial`, 'utf8')).toBe('of another');
    const manifest = join(folder, 'a.json');
    await writeFile(manifest, 'mine');
    const refused = await copyRaw(join(folder, 'b.raw'), { manifest });
    expect(refused.error).toBeInstanceOf(UsageError);
    expect(await readFile(manifest, 'utf8')).toBe('mine');
    await expect(stat(join(folder, 'b.raw'))).rejects.toThrow(/ENOENT/);
  });
  test('keeps to a rate', async () => {
    let now = 0;
    const clock = {
      monotonic: () => now,
      // Whoever watches for stalls sleeps for long: time passes only for who waits for the rate.
      sleep: async (milliseconds: number, signal?: AbortSignal) => {
        if (milliseconds > 10_000) return pause(milliseconds, signal);
        now += milliseconds;
        await Promise.resolve();
      },
    };
    const { error } = await copyRaw(join(folder, 'a.raw'), { rate: 1 }, { clock });
    expect(error).toBeNull();
    // Some 3 MiB of data, but for what passes at once and what nobody waits for any more.
    expect(now).toBeGreaterThan(2000);
    expect(now).toBeLessThan(4000);
  });
  test.skipIf(without('qemu-img'))('reads a qcow2 and a VMDK of qemu-img byte for byte', async () => {
    for (const [format, options] of [
      ['qcow2', []],
      ['vmdk', ['-o', 'subformat=streamOptimized']],
    ] as const) {
      const [source, target] = [join(folder, `b.${format}`), join(folder, `b.${format}.raw`)];
      qemuImg('convert', '-f', 'raw', '-O', format, ...options, raw, source);
      expect((await copy(source, target)).error).toBeNull();
      expect((await bytesOf(target)).equals(await bytesOf(raw))).toBe(true);
    }
  });
  test.skipIf(without('nbdkit'))('writes to nbdkit, which may hold data, and reads from it', async () => {
    const address = await nbdkit(join(folder, 'nbd'), 'memory', String(SIZE));
    const [manifest, back] = [join(folder, 'a.json'), join(folder, 'back.raw')];
    expect((await copyRaw(address, { manifest })).error).toBeNull();
    expect((await verify(address, manifest)).error).toBeNull();
    expect((await copy(address, back)).error).toBeNull();
    expect((await bytesOf(back)).equals(await bytesOf(raw))).toBe(true);
    expect((await copyRaw(address)).error).toEqual(gutsError('conflict', /may hold data/));
    expect((await copyRaw(address, { force: true })).error).toBeNull();
    const small = await nbdkit(join(folder, 'small'), 'memory', String(SIZE / 2));
    expect((await copyRaw(small)).error).toEqual(gutsError('conflict', /but the disk needs/));
  });
});

describe('--ova-disk', () => {
  test('of what is no OVA is refused before anything is made', async () => {
    const chosen = await ran((all) => diskInfo(raw, { format: 'raw', ovaDisk: 'a' }, all));
    expect(chosen.error).toEqual(gutsError('bad_request', /is no OVA: there is no disk "a"/));
    const target = join(folder, 'never');
    for (const [source, said] of [
      [raw, /is no OVA/],
      ['nbd://127.0.0.1:1/x', /is an NBD export/],
    ] as const)
      expect((await copy(source, target, { sourceFormat: 'raw', ovaDisk: 'a' })).error).toEqual(
        gutsError('bad_request', said),
      );
    await expect(stat(target)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('guts disk verify', () => {
  let disk: string;
  let manifest: string;
  beforeEach(async () => {
    disk = join(folder, 'disk.raw');
    manifest = join(folder, 'disk.json');
    await copyRaw(disk, { manifest });
  });
  const spoil = async (at: number): Promise<void> => {
    const file = await open(disk, 'r+');
    await file.write(Buffer.from([255]), 0, 1, at);
    await file.close();
  };

  test('names what differs, in data and in zeros', async () => {
    await spoil(5 * MIB + 5000);
    await spoil(13 * MIB);
    const { out, error } = await verify(disk, manifest);
    expect(out).toContain(
      `differs: ${4 * MIB} bytes at ${4 * MIB}\ndiffers: ${4 * MIB} bytes at ${12 * MIB}\n`,
    );
    expect(error).toEqual(gutsError('disk_mismatch', /in 2 places/));
    const json = await verify(disk, manifest, { json: true });
    expect(json.out).toBe('');
    expect((json.error as GutsError).details).toEqual({
      bytes: 8 * MIB,
      mismatches: [
        { offset: 4 * MIB, length: 4 * MIB },
        { offset: 12 * MIB, length: 4 * MIB },
      ],
    });
  });
  test('looks at a sample when told to, and says so', async () => {
    const { out, error } = await ran((all) => diskVerify(disk, { manifest, sample: 0.1 }, all));
    expect(error).toBeNull();
    expect(out).toMatch(/every chunk of a sample is as/);
  });
  test('takes a longer disk, and no shorter one', async () => {
    await truncate(disk, SIZE + 4096);
    expect((await verify(disk, manifest)).error).toBeNull();
    await truncate(disk, SIZE - 1);
    expect((await verify(disk, manifest)).error).toEqual(gutsError('disk_mismatch', /fewer than/));
  });
  test.for([
    ['no JSON', 'x', /it is no JSON/],
    ['another document', '{"guts_manifest": 2}', /is no manifest: /],
    [
      'pieces that leave a gap',
      (text: string) => text.replace('"first_chunk":0', '"first_chunk":1'),
      /no digests/,
    ],
    [
      'digests that are none',
      (text: string) => text.replace(/"digests":"/, '"digests":"x '),
      /are no digests/,
    ],
  ] as const)('refuses as a manifest %s', async ([_what, content, message]) => {
    const text = await readFile(manifest, 'utf8');
    await writeFile(manifest, typeof content === 'string' ? content : content(text));
    expect((await verify(disk, manifest)).error).toEqual(gutsError('bad_request', message));
  });
});

describe('what goes wrong is told with what to do', () => {
  test.for([
    ['no such file', 'nothing', 'a.raw', 'not_found', /ENOENT/],
    ['a folder as the source', '.', 'a.raw', 'unsupported', /neither a regular file/],
    ['a folder as the target', 'source.raw', 'sub', 'bad_request', /neither a file nor a block device/],
    ['a folder that is not there', 'source.raw', 'none/a.raw', 'not_found', /ENOENT/],
    ['a device that is none', 'source.raw', '/dev/null', 'bad_request', /neither a file nor/],
    ['an address that is none', 'source.raw', 'nbd:host:1', 'bad_request', /NBD address/],
    ['nobody who listens', 'source.raw', 'nbd+unix:///?socket=/nowhere', 'disk_transport', /nowhere/],
  ] as const)('%s', async ([_what, source, target, code, message]) => {
    await mkdir(join(folder, 'sub'));
    const at = (path: string): string =>
      path.startsWith('/') || path.startsWith('nbd') ? path : join(folder, path);
    const { error } = await copy(at(source), at(target), { sourceFormat: 'raw' });
    expect(error).toEqual(gutsError(code, message));
    expect((error as GutsError).remedy).toMatch(/\.$/);
  });
});

test.for([
  [['verify', 'a', '--manifest', 'm', '--sample', '2'], /share above 0/],
  [['verify', 'a', '--manifest', 'm', '--sample', '0'], /share above 0/],
  [['verify', 'a'], /--manifest/],
  [['copy', 'a', 'b', '--rate', '0'], /MiB per second/],
  [['copy', 'a', 'b', '--source-format', 'vhd'], /Allowed choices are vmdk, qcow2, ova, raw/],
  [['copy', 'a'], /target/],
] as const)('guts disk refuses %j', async ([args, message]) => {
  await expect(createProgram(true).parseAsync(['disk', ...args], { from: 'user' })).rejects.toThrow(message);
});
