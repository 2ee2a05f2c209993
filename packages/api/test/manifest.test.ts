import { routes } from '@guts/contract';
import { openStore } from '@guts/store';
import type { Lease, Store } from '@guts/core';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Api, createApi, specFromWire } from '../src/index.ts';
import { endedPass, eventFor, leased, MANIFEST_KEY, optionsFor, putEnds, TOKEN } from './rig.ts';
import { faultsOf } from './served.ts';

let store: Store;
let api: Api;
let lease: Lease;

beforeEach(async () => {
  store = await openStore({ url: 'sqlite::memory:' });
  await store.upgrade();
  await putEnds(store);
  const demand = { host: null, datastores: [], streams: 1, bytes: 1, scratchBytes: 0 };
  await store.createMigration(
    {
      id: 'm1',
      projectId: 'local',
      userId: null,
      planId: null,
      name: 'web',
      targetProject: null,
      sourceId: 's1',
      destinationId: 'd1',
      instanceRef: 'vm-1',
      instanceName: 'web',
      mode: 'cold',
      purpose: 'production',
      priority: 0,
      demand,
      spec: specFromWire({ source: 's1', destination: 'd1', instance: 'vm-1' }),
    },
    eventFor('migration', 'm1'),
  );
  lease = await leased(store, 'm1', 'w1');
  api = createApi(optionsFor(store));
  onTestFinished(async () => {
    await api.close();
    await store.close();
  });
});

async function ask(path: string) {
  const answer = await api.inject({ url: path, headers: { 'x-auth-token': TOKEN } });
  return { status: answer.statusCode, body: JSON.parse(answer.body) };
}
const MANIFEST = '/v1/migrations/m1/disks/2000/manifest';

describe('the manifest of a disk', () => {
  test('is told piece by piece, by links', async () => {
    const verification = {
      method: 'chunks',
      matches: true,
      bytesChecked: 40 * 2 ** 20,
      sampled: false,
      bytesRepaired: 0,
      detail: 'every chunk is equal',
    };
    const upload = { format: 'qcow2', bytesSent: 5, sha512: 'ab' };
    const chunks = {
      size: 40 * 2 ** 20,
      chunkSize: 4 * 2 ** 20,
      algorithm: 'aes-128-gmac',
      key: MANIFEST_KEY,
    };
    await endedPass(store, lease, 'Hard disk 1', {
      verification,
      manifest: { target: 'image-1', chunks, upload },
    });
    const pages = [];
    for (let next: string | null = `${MANIFEST}?limit=1`; next !== null;) {
      const { status, body } = await ask(next);
      expect(status).toBe(200);
      expect(faultsOf(routes.migrations.manifest.answer, body)).toEqual([]);
      pages.push(body);
      next = body.links.next;
    }
    expect(pages.map(({ pieces }) => pieces.map((one: { first_chunk: number }) => one.first_chunk))).toEqual([
      [0],
      [4],
      [8],
    ]);
    expect(pages[0].pieces[0]).toMatchObject({ chunks: 4, digests: expect.stringMatching(/^0:\S+ 2:\S+$/) });
    for (const { manifest } of pages)
      expect(manifest).toEqual({
        disk: { key: '2000', label: 'Hard disk 1' },
        pass: 1,
        size: 40 * 2 ** 20,
        chunk_size: 4 * 2 ** 20,
        algorithm: 'aes-128-gmac',
        key: MANIFEST_KEY,
        target: 'image-1',
        upload: { format: 'qcow2', bytes_sent: 5, sha512: 'ab' },
        verification: {
          method: 'chunks',
          matches: true,
          bytes_checked: 40 * 2 ** 20,
          sampled: false,
          bytes_repaired: 0,
          detail: 'every chunk is equal',
        },
        finished_at: '2026-01-01T00:01:00.000Z',
      });
    expect((await ask(MANIFEST)).body).toMatchObject({ links: { next: null } });
    expect((await ask(`${MANIFEST}?after=4`)).body.pieces).toHaveLength(1);
  });

  test.for([
    ['of a disk that is unknown', {}, '2001', /no disk "2001"/, /2000 \(Hard disk 1\)/],
    ['while it is copied', { finishedAt: null }, '2000', /no copy of it has ended/, /transfer is done/],
    [
      'of an earlier version',
      { manifest: { chunks: { size: 1 }, target: 'v' } },
      '2000',
      /earlier version/,
      /report/,
    ],
  ] as const)('is not there: %s', async ([_when, more, disk, message, remedy]) => {
    await endedPass(store, lease, 'Hard disk 1', more);
    const { status, body } = await ask(`/v1/migrations/m1/disks/${disk}/manifest`);
    expect([status, body.error.guts_code]).toEqual([404, 'not_found']);
    expect(body.error.message).toMatch(message);
    expect(body.error.remedy).toMatch(remedy);
  });

  test('is not there any more when what was copied is gone, nor before disks are known', async () => {
    expect((await ask(MANIFEST)).body.error.remedy).toMatch(/known when its preflight is done/);
    await endedPass(store, lease, 'Hard disk 1');
    await store.dropCheckpoints(lease, '2000');
    const { status, body } = await ask(MANIFEST);
    expect(status).toBe(404);
    expect(body.error.message).toMatch(/is gone/);
  });

  test('of a disk without a byte has no pieces', async () => {
    const chunks = { size: 0, chunkSize: 4 * 2 ** 20, algorithm: 'aes-128-gmac', key: MANIFEST_KEY };
    await endedPass(store, lease, 'Hard disk 1', { manifest: { target: 'volume-1', chunks } });
    await store.dropCheckpoints(lease, '2000');
    expect(await ask(MANIFEST)).toMatchObject({ status: 200, body: { pieces: [], links: { next: null } } });
  });
});
