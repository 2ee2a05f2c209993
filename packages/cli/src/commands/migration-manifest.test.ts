import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Answerer, guts, refusal } from '../../test/rig.ts';
import { UsageError } from '../context.ts';

const ID = '3f2a9c1e-0000-4000-8000-000000000001';
const MIB = 2 ** 20;
const KEY = '0f'.repeat(16);
const tags = (count: number): string => Buffer.alloc(16 * count, 7).toString('base64');
const PIECES = [
  { first_chunk: 0, chunks: 4, digests: `0:${tags(1)} 2:${tags(2)}` },
  { first_chunk: 4, chunks: 4, digests: '' },
  { first_chunk: 8, chunks: 2, digests: `8:${tags(1)}` },
];
const head = (label: string, more: object = {}) => ({
  disk: { key: '2000', label },
  pass: 1,
  size: 39 * MIB,
  chunk_size: 4 * MIB,
  algorithm: 'aes-128-gmac',
  key: KEY,
  target: 'v',
  upload: null,
  verification: null,
  finished_at: '2026-01-01T00:00:00.000Z',
  ...more,
});
const equal = {
  method: 'chunks',
  matches: true,
  bytes_checked: 1,
  sampled: false,
  bytes_repaired: 0,
  detail: '',
};

/** Disk 2000 is told in two pages; of 2001 no copy has ended. */
const api =
  (second = head('Hard disk 1'), pieces = PIECES): Answerer =>
  (_method, path) => {
    const { pathname, searchParams } = new URL(path, 'http://h');
    if (pathname.endsWith('/disks'))
      return { disks: ['2000', '2001'].map((key) => ({ key, label: `Hard disk ${Number(key) - 1999}` })) };
    if (pathname.includes('/2001/')) return refusal(404, 'no copy of Hard disk 2 has ended');
    const after = searchParams.get('after');
    return after === null
      ? {
          manifest: head('Hard disk 1', { verification: equal }),
          pieces: pieces.slice(0, 1),
          links: { next: '/x?after=0' },
        }
      : { manifest: second, pieces: pieces.slice(1), links: { next: null } };
  };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-manifest-'));
  onTestFinished(() => rm(folder, { recursive: true }));
});
const manifest = (...args: string[]) => guts(['migration', 'manifest', ID, ...args], api());

describe('guts migration manifest', () => {
  test('counts the chunks of every disk, over all pages', async () => {
    const verified = head('Hard disk 1', { verification: equal });
    const { out, calls } = await guts(['migration', 'manifest', ID, '-f', 'csv'], api(verified));
    expect(out.trimEnd().split(/\r?\n/)).toEqual([
      '"Key","Label","Data chunks","Zero chunks","Bytes","Algorithm","Verified"',
      `"2000","Hard disk 1",4,6,${39 * MIB},"aes-128-gmac","yes"`,
      '"2001","Hard disk 2",,,,,"no copy has ended"',
    ]);
    expect(calls.map(({ line }) => line)).toContain(
      `GET /v1/migrations/${ID}/disks/2000/manifest?limit=100&after=0`,
    );
  });
  test('says why when no disk asked for has one', async () => {
    await expect(manifest('--disk', 'Hard disk 2')).rejects.toMatchObject({
      status: 404,
      message: 'no copy of Hard disk 2 has ended',
    });
    await expect(manifest('--disk', '3000')).rejects.toMatchObject({
      code: 'not_found',
      remedy: 'Its disks are 2000 (Hard disk 1), 2001 (Hard disk 2).',
    });
  });
  test('writes the digests of one disk to a file that is new', async () => {
    const file = join(folder, 'disk.json');
    expect((await manifest('--disk', '2000', '-o', file)).out).toMatch(/Hard disk 1, 39.0 MiB, 4 chunks/);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
      guts_manifest: 1,
      size: 39 * MIB,
      chunk_size: 4 * MIB,
      algorithm: 'aes-128-gmac',
      key: KEY,
      pieces: PIECES,
    });
    await writeFile(file, 'mine');
    await expect(manifest('--disk', '2000', '-o', file)).rejects.toThrow(/there is a file .* already/);
    expect(await readFile(file, 'utf8')).toBe('mine');
    await expect(manifest('-o', join(folder, 'other.json'))).rejects.toThrow(UsageError);
  });
  test.for([
    ['was copied anew meanwhile', api(head('Hard disk 1', { key: '1f'.repeat(16) })), /copied anew/],
    ['has a gap', api(undefined, PIECES.slice(0, 1).concat(PIECES.slice(2))), /no digests of chunk 4/],
    ['ends early', api(undefined, PIECES.slice(0, 2)), /ends at chunk 8/],
  ] as const)('leaves no file when the disk %s', async ([_how, answer, message]) => {
    const file = join(folder, 'disk.json');
    const run = guts(['migration', 'manifest', ID, '--disk', '2000', '-o', file], answer);
    await expect(run).rejects.toThrow(message);
    await expect(stat(file)).rejects.toThrow(/ENOENT/);
  });
});
