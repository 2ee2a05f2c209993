import { routes, type TSchema } from '@guts/contract';
import { type Instance, RULES, type Store } from '@guts/core';
import { openStore } from '@guts/store';
import Value from 'typebox/value';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Api, createApi } from '../src/index.ts';
import { destinationFacts } from './destination-facts.ts';
import { INSTANCE, optionsFor, putEnds, putInstances, TOKEN } from './rig.ts';

const [disk] = INSTANCE.disks;
const [nic] = INSTANCE.nics;
if (!disk || !nic) throw new Error('the fixture has no disk or NIC');
const GIB = 2 ** 30;
const small: Partial<Instance> = {
  disks: [{ ...disk, capacityBytes: 5 * GIB }],
  nics: [{ ...nic, networkName: 'VLAN 1', addresses: [{ address: '10.0.0.9', prefix: 24, origin: 'dhcp' }] }],
  firmware: 'bios',
  secureBoot: false,
};
const facts = destinationFacts({
  flavors: [{ id: 'f1', name: 'm1', vcpus: 2, ramMiB: 1024, diskGiB: 10, ephemeralGiB: 0, extraSpecs: {} }],
  networks: [
    {
      id: 'n1',
      name: 'prod',
      shared: false,
      external: false,
      own: true,
      subnets: [{ id: 's1', name: 's', cidr: '10.0.0.0/24', ipVersion: 4 }],
    },
  ],
  volumeTypes: ['fast'],
  quota: { instances: 2 },
});
const mapping = { networks: { '*': { network: 'prod' } } };

let store: Store;
let api: Api;
beforeEach(async () => {
  store = await openStore({ url: 'sqlite::memory:' });
  await store.upgrade();
  await putEnds(store);
  await store.putFacts('d1', facts);
  api = createApi(optionsFor(store));
  await putInstances(store, 's1', [
    { ref: 'vm-1', name: 'a', ...small },
    { ref: 'vm-2', name: 'b', ...small, template: true },
    { ref: 'vm-3', name: 'c', ...small, tpm: true, osType: 'windows' },
    { ref: 'vm-4', name: 'd', ...small, powerState: 'off' },
  ]);
});
afterEach(async () => {
  await api.close();
  await store.close();
});

async function ask(method: 'GET' | 'POST', url: string, schema: TSchema | null, payload?: object) {
  const answer = await api.inject({
    method,
    url,
    headers: { 'x-auth-token': TOKEN },
    ...(payload ? { payload } : {}),
  });
  const body = answer.json();
  expect(answer.statusCode < 300 && schema ? Value.Errors(schema, body) : []).toEqual([]);
  return { status: answer.statusCode, body };
}
const { check, summary, rules, instance } = routes.preflight;
const checks = async (payload: object, query = '') =>
  (await ask('POST', `/v1/preflight${query}`, check.answer, { source: 'vc', ...payload })).body;
const codesOf = (one: { findings: { code: string }[] }): string[] => one.findings.map(({ code }) => code);

describe('checks', () => {
  test('of one instance, alone and against a destination', async () => {
    const alone = (await ask('GET', '/v1/instances/vm-2/preflight?source=vc', instance.answer)).body;
    expect(alone.check).toMatchObject({ ref: 'vm-2', name: 'b', result: 'blocked', plan: null });
    expect(codesOf(alone.check)).toEqual([
      'instance.template',
      'instance.details_unknown',
      'transfer.predicted',
    ]);
    expect(alone.check.findings[1]).toMatchObject({ unknown: true, severity: 'information' });
    expect(alone.not_asked).toContainEqual({ code: 'flavor.none', title: 'No flavor fits' });
    const there = '/v1/instances/vm-1/preflight?source=vc&destination=cloud';
    expect(codesOf((await ask('GET', there, instance.answer)).body.check)).toContain('network.unmapped');
    const line = { id: 'm1', projectId: 'local', name: 'prod', description: null };
    const stored = { networks: mapping.networks, datastores: {}, nics: {}, disks: {} };
    await store.createMapping(
      { ...line, mapping: stored },
      {
        projectId: 'local',
        resource: 'mapping',
        resourceId: 'm1',
        type: 'mapping.created',
        severity: 'information',
        message: '',
        data: {},
      },
    );
    const { body } = await ask('GET', `${there}&named_mapping=prod`, instance.answer);
    expect(body.check).toMatchObject({
      result: 'ready',
      plan: {
        server_name: 'a',
        flavor: { name: 'm1' },
        nics: [{ network_name: 'prod', mac: nic.mac }],
        disks: [{ size_gib: 5, boot: true, target: 'image' }],
        properties: { hw_firmware_type: 'bios' },
      },
      prediction: { capacity_bytes: 5 * GIB, data_bytes: null, assumed: true },
    });
    expect(body.not_asked.map(({ code }: { code: string }) => code)).toEqual([
      'address.taken',
      'host.unreachable',
      'host.untrusted',
      'transport.datastore',
      'transport.vddk',
    ]);
  });

  test('of many, by name, by filter, page by page, and only the grave ones', async () => {
    const names = async (payload: object, query = '') =>
      (await checks(payload, query)).checks.map(({ name }: { name: string }) => name);
    expect(await names({})).toEqual(['a', 'b', 'c', 'd']);
    expect(await names({ instances: ['vm-3', 'a'] })).toEqual(['c', 'a']);
    expect(await names({ power_state: 'off' })).toEqual(['d']);
    expect(await names({ severity: 'blocker' })).toEqual(['b']);
    const first = await checks({ destination: 'cloud', mapping }, '?limit=3');
    expect(first.checks.map(({ result }: { result: string }) => result)).toEqual([
      'ready',
      'blocked',
      'warned',
    ]);
    const next = new URL(first.links.next, 'http://h');
    const second = await checks({ destination: 'cloud', mapping }, next.search);
    expect(second.checks).toMatchObject([{ name: 'd' }]);
    expect(second.links.next).toBeNull();
    expect(await names({ instances: ['a', 'b', 'c'] }, '?limit=2&marker=vm-2')).toEqual(['c']);
  });

  test('of all are summed up: counts per severity and rule, and what all take together', async () => {
    const asked = { source: 'vc', destination: 'cloud', mapping, bytes_per_second: 1000 };
    const { body } = await ask('POST', '/v1/preflight/summary', summary.answer, asked);
    expect(body.summary).toMatchObject({
      instances: 4,
      blocked: 1,
      warned: 1,
      ready: 2,
      totals: { capacity_bytes: 15 * GIB, cores: 6, data_unknown: 3 },
      findings: [{ code: 'quota.together', severity: 'warning' }],
    });
    expect(body.summary.rules[0]).toEqual({
      code: 'instance.template',
      title: 'The instance is a template',
      severity: 'blocker',
      instances: 1,
      findings: 1,
    });
  });

  test('are refused with the field at fault', async () => {
    const refused = async (payload: object) =>
      (await ask('POST', '/v1/preflight', null, { source: 'vc', ...payload })).body.error;
    expect(await refused({ instances: ['nobody'] })).toMatchObject({ code: 404, field: 'body.instance' });
    expect(await refused({ instances: ['a'], search: 'b' })).toMatchObject({
      code: 400,
      field: 'body.search',
    });
    expect(await refused({ destination: 'nowhere' })).toMatchObject({ code: 404 });
    expect(await refused({ nonsense: 1 })).toMatchObject({ code: 400 });
    const end = { projectId: 'local', driver: 'd', settings: {}, sealedSecret: '' };
    await store.createEndpoint(
      { ...end, id: 'd2', side: 'destination', name: 'new' },
      {
        projectId: 'local',
        resource: 'destination',
        resourceId: 'd2',
        type: 't',
        severity: 'information',
        message: '',
        data: {},
      },
    );
    expect(await refused({ destination: 'new' })).toMatchObject({
      code: 409,
      remedy: expect.stringContaining('Refresh it first'),
    });
  });

  test('the rules are told with why and what to do', async () => {
    const { body } = await ask('GET', '/v1/preflight/rules', rules.answer);
    expect(body.rules.map(({ code }: { code: string }) => code)).toEqual(RULES.map(({ id }) => id));
  });
});

describe('a dry run', () => {
  const body = { source: 'vc', destination: 'cloud', instance: 'a', mapping, dry_run: true };
  const made = async () => (await store.listMigrations({ projectId: null }, { limit: 10 })).length;

  test('tells the plan and its findings, and makes nothing', async () => {
    const { status, body: answer } = await ask(
      'POST',
      '/v1/migrations',
      routes.migrations.create.answer,
      body,
    );
    expect(status).toBe(200);
    expect(answer).toMatchObject({
      dry_run: {
        source_id: 's1',
        destination_id: 'd1',
        check: { result: 'ready', plan: { server_name: 'a' } },
      },
    });
    const blocked = await ask('POST', '/v1/migrations', null, { ...body, instance: 'b' });
    expect(blocked.body.dry_run.check).toMatchObject({ result: 'blocked', plan: null });
    expect(await made()).toBe(0);
  });

  test('is refused as the migration would be', async () => {
    expect((await ask('POST', '/v1/migrations', null, { ...body, mode: 'warm' })).status).toBe(501);
    expect((await ask('POST', '/v1/migrations', null, { ...body, instance: 'x' })).status).toBe(404);
    const { dry_run: _dry, ...real } = body;
    expect((await ask('POST', '/v1/migrations', null, real)).status).toBe(202);
    expect((await ask('POST', '/v1/migrations', null, body)).body.error).toMatchObject({
      code: 409,
      guts_code: 'conflict',
      details: { status: 'queued' },
    });
    expect(await made()).toBe(1);
  });

  test('of many tells each on its own', async () => {
    const { dry_run: _dry, ...one } = body;
    const migrations = [one, { ...one, instance: 'b' }, { ...one, instance: 'nobody' }];
    const bulk = await ask('POST', '/v1/migrations/bulk', routes.migrations.bulk.answer, {
      migrations,
      dry_run: true,
    });
    expect(bulk.body).toMatchObject({
      created: 0,
      refused: 1,
      results: [
        { migration: null, error: null, dry_run: { check: { result: 'ready' } } },
        { dry_run: { check: { result: 'blocked' } } },
        { error: { code: 404, field: 'body.migrations.2.instance' } },
      ],
    });
    expect(await made()).toBe(0);
  });

  test('under an idempotency key is looked at again, and makes way for nothing', async () => {
    const headers = { 'x-auth-token': TOKEN, 'idempotency-key': 'k1' };
    const again = () => api.inject({ method: 'POST', url: '/v1/migrations', headers, payload: body });
    expect((await again()).statusCode).toBe(200);
    const second = await again();
    expect(second.statusCode).toBe(200);
    expect(second.headers['idempotency-replayed']).toBeUndefined();
  });
});
