import { routes, type TSchema } from '@guts/contract';
import { DEFAULT_LIMITS, type Store } from '@guts/core';
import { openStore } from '@guts/store';
import Value from 'typebox/value';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Api, createApi } from '../src/index.ts';
import { destinationFacts } from './destination-facts.ts';
import { INSTANCE, leased, optionsFor, putEnds, putInstances, TOKEN, workerBeat } from './rig.ts';

let store: Store;
let api: Api;
beforeEach(async () => {
  store = await openStore({ url: 'sqlite::memory:' });
  await store.upgrade();
  await putEnds(store);
  api = createApi(optionsFor(store, { limits: { ...DEFAULT_LIMITS, hostStreams: 3 } }));
});
afterEach(async () => {
  await api.close();
  await store.close();
});

async function get(url: string, schema: TSchema | null) {
  const answer = await api.inject({ method: 'GET', url, headers: { 'x-auth-token': TOKEN } });
  const body = answer.json();
  expect(answer.statusCode === 200 && schema ? Value.Errors(schema, body) : []).toEqual([]);
  return { status: answer.statusCode, body };
}

test('drivers are told once each, with their schemas and who has them; not those of the dead', async () => {
  const driver = (name: string, side: 'source' | 'destination') => ({
    name,
    side,
    title: name.toUpperCase(),
    settings: { type: 'object', properties: { url: { type: 'string' } } },
    secret: {},
  });
  await store.heartbeat(workerBeat({ id: 'w1', drivers: [driver('vsphere', 'source')] }));
  await store.heartbeat(
    workerBeat({ id: 'w2', drivers: [driver('vsphere', 'source'), driver('openstack', 'destination')] }),
  );
  const { body } = await get('/v1/drivers', routes.drivers.answer);
  expect(body.drivers).toMatchObject([
    { name: 'openstack', side: 'destination', workers: ['w2'] },
    { name: 'vsphere', side: 'source', settings: { properties: { url: { type: 'string' } } } },
  ]);
  expect((body.drivers as { workers: string[] }[])[1]?.workers.toSorted()).toEqual(['w1', 'w2']);
});

describe('volumes', () => {
  beforeEach(async () => {
    const [disk] = INSTANCE.disks;
    if (!disk) throw new Error('the fixture has no disk');
    const disks = [disk, { ...disk, key: '2001', datastoreRef: 'ds-2', datastoreName: 'DS2' }];
    await putInstances(store, 's1', [
      { ref: 'vm-1', name: 'a', disks },
      { ref: 'vm-2', name: 'b', disks: [] },
      { ref: 'vm-3', name: 'c', disks },
      { ref: 'vm-4', name: 'd' },
    ]);
  });
  const ids = async (url: string) =>
    ((await get(url, routes.volumes.answer)).body.volumes as { id: string }[]).map(({ id }) => id);

  test('are the disks of the instances, page by page', async () => {
    for (const limit of [1, 2, 3, 4, 9]) {
      const seen: string[] = [];
      for (let next: string | null = `/v1/volumes?source=vc&limit=${limit}`; next;) {
        const { body } = await get(next, routes.volumes.answer);
        seen.push(...(body.volumes as { id: string }[]).map(({ id }) => id));
        next = body.links.next as string | null;
      }
      expect(seen).toEqual(['vm-1/2000', 'vm-1/2001', 'vm-3/2000', 'vm-3/2001', 'vm-4/2000']);
    }
  });
  test('are found by instance and datastore; the boot disk is told', async () => {
    expect(await ids('/v1/volumes?source=vc&instance=vm-3')).toEqual(['vm-3/2000', 'vm-3/2001']);
    expect(await ids('/v1/volumes?source=vc&datastore=ds2')).toEqual(['vm-1/2001', 'vm-3/2001']);
    expect(await ids('/v1/volumes?source=vc&datastore=DS2&marker=vm-1/2001')).toEqual(['vm-3/2001']);
    expect(await ids('/v1/volumes?source=vc&instance=vm-3&marker=vm-3/2000')).toEqual(['vm-3/2001']);
    const { body } = await get('/v1/volumes?source=vc&instance=vm-1', null);
    expect((body.volumes as { boot: boolean }[]).map(({ boot }) => boot)).toEqual([true, false]);
    expect((await get('/v1/volumes?source=vc&marker=nonsense', null)).status).toBe(400);
    expect((await get('/v1/volumes?source=none', null)).status).toBe(404);
  });
});

describe('what there is at a destination', () => {
  const network = (id: string) => ({
    id,
    name: `net ${id}`,
    shared: false,
    external: false,
    own: true,
    subnets: [{ id: 's', name: 's', cidr: '10.0.0.0/24', ipVersion: 4 as const }],
  });
  const facts = destinationFacts({
    flavors: ['f2', 'f1'].map((id) => ({
      id,
      name: `m1.${id}`,
      vcpus: 1,
      ramMiB: 512,
      diskGiB: 1,
      ephemeralGiB: 0,
      extraSpecs: { 'hw:mem_page_size': 'large' },
    })),
    networks: [network('n3'), network('n1'), network('n2')],
    volumeTypes: ['ssd', 'hdd'],
  });
  test('is told as the last refresh found it, page by page and by name', async () => {
    await store.putFacts('d1', facts);
    const { flavors, networks, volumeTypes } = routes.destinations;
    const flavor = (await get('/v1/destinations/cloud/flavors?name=m1.f1', flavors.answer)).body.flavors;
    expect(flavor).toEqual([
      {
        id: 'f1',
        name: 'm1.f1',
        vcpus: 1,
        ram_mib: 512,
        disk_gib: 1,
        ephemeral_gib: 0,
        extra_specs: { 'hw:mem_page_size': 'large' },
      },
    ]);
    const first = (await get('/v1/destinations/d1/networks?limit=2', networks.answer)).body;
    expect((first.networks as { id: string }[]).map(({ id }) => id)).toEqual(['n1', 'n2']);
    const second = (await get(first.links.next as string, networks.answer)).body;
    expect(second).toMatchObject({ networks: [{ id: 'n3', subnets: [{ ip_version: 4 }] }] });
    const types = (await get('/v1/destinations/d1/volume_types', volumeTypes.answer)).body;
    expect(types.volume_types).toEqual([
      { id: 'hdd', name: 'hdd' },
      { id: 'ssd', name: 'ssd' },
    ]);
  });
  test('is not known before it was refreshed, and the answer says how', async () => {
    const answer = await get('/v1/destinations/d1/flavors', null);
    expect(answer).toMatchObject({
      status: 409,
      body: { error: { remedy: expect.stringContaining('refresh') } },
    });
    expect((await get('/v1/destinations/none/flavors', null)).status).toBe(404);
    const asked = await api.inject({
      method: 'POST',
      url: '/v1/destinations/d1/actions',
      headers: { 'x-auth-token': TOKEN },
      payload: { action: 'refresh' },
    });
    expect(asked.json().operation).toMatchObject({ kind: 'destination.refresh', status: 'queued' });
  });
});

test('limits are told with what is used of them', async () => {
  await putInstances(store, 's1', [{ ref: 'vm-1', name: 'web' }]);
  const made = await api.inject({
    method: 'POST',
    url: '/v1/migrations',
    headers: { 'x-auth-token': TOKEN },
    payload: { source: 'vc', destination: 'cloud', instance: 'web' },
  });
  const before = (await get('/v1/limits', routes.limits.answer)).body;
  expect(before).toMatchObject({
    limits: { host_streams: 3, plan_migrations: 0 },
    used: [],
    api: { page: 1000 },
  });
  await leased(store, made.json().migration.id as string, 'w1');
  const after = (await get('/v1/limits', routes.limits.answer)).body;
  expect(after.slots).toEqual({ total: 4, used: 1 });
  expect(after.used).toContainEqual({ resource: 'host:s1:host-1', limit: 3, used: 1 });
});
