import { ErrorBody, routes } from '@guts/contract';
import { SILENT_LOG, type Store } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Api, createApi } from '../src/index.ts';
import { leased, eventFor, optionsFor, storeWith, TOKEN } from './rig.ts';
import { faultsOf, Served, SOURCE } from './served.ts';

let store: Store;
let api: Api;
let served: Served;
beforeEach(async () => {
  served = await Served.open();
  ({ store, api } = served);
});
afterEach(() => served.close());

const call: Served['call'] = (...given) => served.call(...given);
const prepare: Served['prepare'] = () => served.prepare();

describe('who may ask', () => {
  test('nobody without the token, and the answer says how', async () => {
    for (const token of ['', 'wrong']) {
      const answer = await call('GET', '/v1/sources', undefined, token);
      expect(answer.status).toBe(401);
      expect(answer.body.error).toMatchObject({ guts_code: 'unauthorized', code: 401 });
    }
  });
  test('health, versions and the document are open', async () => {
    expect((await call('GET', '/healthcheck', undefined, '')).body).toMatchObject({ status: 'ok' });
    expect((await call('GET', '/', undefined, '')).status).toBe(300);
    expect((await call('GET', '/v1/openapi.json', undefined, '')).body.openapi).toBe('3.1.0');
  });
});

test('the document has every route of the contract, and docs/ holds it (vitest -u writes it anew)', async () => {
  const document = (await api.document()) as { paths: Record<string, Record<string, unknown>> };
  const text = `${JSON.stringify(document, null, 2)}\n`;
  await expect(text).toMatchFileSnapshot('../../../docs/openapi.json');
  const all = [routes.health, routes.audit].concat(
    ...([
      routes.sources,
      routes.destinations,
      routes.operations,
      routes.inventory,
      routes.migrations,
      routes.services,
    ].map((group) => Object.values(group)) as never[]),
  );
  for (const { method, path } of all) {
    const documented = document.paths[path.replaceAll(/:(\w+)/g, '{$1}')];
    expect(documented).toHaveProperty(method.toLowerCase());
  }
});

describe('sources', () => {
  test('are made, shown without the secret, changed, deleted; every change is audited', async () => {
    const made = await call('POST', '/v1/sources', SOURCE);
    expect(made.status).toBe(201);
    expect(JSON.stringify(made.body)).not.toContain('geheim');
    const { id } = made.body.source as { id: string };
    expect(served.sealed.at(-1)).toBe(`source:${id}`);
    expect((await call('GET', '/v1/sources')).body.sources).toHaveLength(1);
    const changed = await call('PATCH', `/v1/sources/${id}`, { name: 'vc2' });
    expect(changed.body.source).toMatchObject({ name: 'vc2', status: 'unknown' });
    const refresh = await call('POST', `/v1/sources/${id}/actions`, { action: 'refresh' });
    expect(refresh).toMatchObject({
      status: 202,
      body: { operation: { kind: 'source.refresh', status: 'queued' } },
    });
    expect((await call('DELETE', `/v1/sources/${id}`)).status).toBe(204);
    expect((await call('GET', `/v1/sources/${id}`)).status).toBe(404);
    const { audit } = (await call('GET', '/v1/audit')).body as { audit: { action: string }[] };
    expect(audit.map((line) => line.action)).toEqual([
      'source.create',
      'source.update',
      'source.refresh',
      'source.delete',
    ]);
  });
  test.for([
    ['an unknown driver', { ...SOURCE, driver: 'xen' }, /no worker has a source driver "xen"/],
    ['an unknown field', { ...SOURCE, colour: 'red' }, /has no field "colour"/],
    ['an unknown setting', { ...SOURCE, settings: { url: 'x', port: 1 } }, /settings.port is unknown/],
    ['a setting of another type', { ...SOURCE, settings: { url: 5 } }, /settings.url must be string/],
    ['a secret field that is unknown', { ...SOURCE, secret: { pin: 'x' } }, /secret.pin is unknown/],
    ['a missing setting', { ...SOURCE, settings: {} }, /settings.url is missing/],
    ['a number as name', { ...SOURCE, name: 7 }, /must be string/],
  ] as const)('%s is refused in words', async ([, body, message]) => {
    const answer = await call('POST', '/v1/sources', body);
    expect(answer.status).toBe(400);
    expect(answer.body.error.message).toMatch(message);
    expect((await call('GET', '/v1/sources')).body.sources).toEqual([]);
  });
  test('a name is taken once', async () => {
    await call('POST', '/v1/sources', SOURCE);
    expect(await call('POST', '/v1/sources', SOURCE)).toMatchObject({
      status: 409,
      body: { error: { guts_code: 'conflict' } },
    });
  });
});

describe('instances', () => {
  test('are listed by page, searched and shown', async () => {
    const { source } = await prepare();
    const page = await call('GET', `/v1/instances?source=vc&limit=2`);
    expect(page.body.instances).toHaveLength(2);
    expect(page.body.instances[0].memory_mib).toBe(512);
    expect(faultsOf(routes.inventory.instances.answer, page.body)).toEqual([]);
    const next = await call('GET', page.body.links.next as string);
    expect(next.body.instances.map((one: { ref: string }) => one.ref)).toEqual(['vm-3', 'vm-8']);
    expect((await call('GET', `/v1/instances?source=${source}&search=WEB`)).body.instances).toHaveLength(1);
    expect((await call('GET', `/v1/instances/vm-1?source=vc`)).body.instance.name).toBe('web');
    expect((await call('GET', `/v1/instances?source=nobody`)).status).toBe(404);
    expect((await call('GET', `/v1/instances?source=vc&limit=x`)).status).toBe(400);
  });
});

describe('migrations', () => {
  const wanted = { source: 'vc', destination: 'cloud', instance: 'web' };
  test('are queued with every default, and listed', async () => {
    await prepare();
    const made = await call('POST', '/v1/migrations', {
      ...wanted,
      mapping: { networks: { 'VM Network': { network: 'own' } }, disks: { '2000': { volume_type: 'fast' } } },
    });
    expect(made.status).toBe(202);
    expect(made.body.migration).toMatchObject({
      status: 'queued',
      instance_ref: 'vm-1',
      actions: ['cancel'],
      spec: {
        keep_mac: true,
        mapping: {
          networks: { 'VM Network': { network: 'own' } },
          disks: { '2000': { volume_type: 'fast' } },
        },
        policies: { on_failure: 'undo', shutdown_seconds: 300 },
      },
    });
    const id = made.body.migration.id as string;
    expect((await call('GET', '/v1/migrations?status=queued,running')).body.migrations).toHaveLength(1);
    expect(faultsOf(routes.migrations.create.answer, made.body)).toEqual([]);
    for (const part of ['steps', 'disks', 'artifacts', 'events', 'report'] as const) {
      const answer = await call('GET', `/v1/migrations/${id}/${part}`);
      expect(answer.status).toBe(200);
      expect(faultsOf(routes.migrations[part].answer, answer.body)).toEqual([]);
    }
  });
  test.for([
    [{ instance: 'nobody' }, 404, /has no instance "nobody"/],
    [{ instance: 'twin' }, 409, /2 instances are called "twin"/],
    [{ mode: 'warm' }, 501, /cold only/],
    [{ purpose: 'rehearsal' }, 501, /no rehearsals/],
    [{ instance: 'vm-9' }, 409, /2 instances are called "vm-9"/],
    [{ policies: { boot_pattern: '(' } }, 400, /no regular expression/],
    [{ policies: { power: 'axe' } }, 400, /guest, guest-only, off/],
    [{ source: 'x' }, 404, /no source "x"/],
  ] as const)('%j is refused in words', async ([more, status, message]) => {
    await prepare();
    const answer = await call('POST', '/v1/migrations', { ...wanted, ...more });
    expect(answer.status).toBe(status);
    expect(answer.body.error.message).toMatch(message);
  });
  test('an ambiguous name lists the candidates; a path is exact', async () => {
    await prepare();
    const answer = await call('POST', '/v1/migrations', { ...wanted, instance: 'twin' });
    expect(answer.body.error.details.candidates).toHaveLength(2);
    const byPath = await call('POST', '/v1/migrations', { ...wanted, instance: 'DC/vm/vm-3/twin' });
    expect(byPath.body.migration.instance_ref).toBe('vm-3');
  });
  test('its demand is told by the inventory, and what waits to be sent is nudged', async () => {
    await prepare();
    const made = await call('POST', '/v1/migrations', wanted);
    expect(made.body.migration).toMatchObject({
      demand: { host: 'host-1', datastores: ['ds-1'], streams: 1, bytes: 2 ** 40, scratch_bytes: 0 },
      request: null,
      trace: null,
    });
    expect(served.nudges).toBeGreaterThan(0);
  });
  test('why it waits is shown: the filters with what they left, and the limit without room', async () => {
    await prepare();
    const { id } = (await call('POST', '/v1/migrations', wanted)).body.migration as { id: string };
    const trace = {
      filters: [{ name: 'CapacityFilter', left: 0, reason: 'all slots are taken' }],
      weights: [{ workerId: 'w1', weight: 0.5 }],
      limit: { resource: 'host host-1', used: 10, wanted: 1, limit: 10 },
    };
    const options = { aliveSeconds: 60, reservationSeconds: 60, limit: 10 };
    await store.scheduleRound(options, () => [{ id, workerId: null, reason: 'no room', trace }]);
    const shown = await call('GET', `/v1/migrations/${id}`);
    expect(faultsOf(routes.migrations.show.answer, shown.body)).toEqual([]);
    expect(shown.body.migration).toMatchObject({
      reason: 'no room',
      trace: { ...trace, weights: [{ worker_id: 'w1', weight: 0.5 }] },
    });
  });
  test('what this version cannot do is not offered, and said when asked for', async () => {
    await prepare();
    const { id } = (await call('POST', '/v1/migrations', wanted)).body.migration as { id: string };
    const lease = await leased(store, id, 'w1');
    await store.setPosition(lease, 'running', 'copy', 'preflight', eventFor('migration', id));
    expect((await call('GET', `/v1/migrations/${id}`)).body.migration.actions).toEqual(['cancel']);
    expect(await call('POST', `/v1/migrations/${id}/actions`, { action: 'cutover' })).toMatchObject({
      status: 501,
      body: { error: { guts_code: 'unsupported' } },
    });
  });
  test('actions follow the table of statuses', async () => {
    await prepare();
    const { id } = (await call('POST', '/v1/migrations', wanted)).body.migration as { id: string };
    const act = (action: string) => call('POST', `/v1/migrations/${id}/actions`, { action });
    const refused = await act('retry');
    expect(refused).toMatchObject({ status: 409, body: { error: { details: { actions: ['cancel'] } } } });
    expect((await act('cancel')).body.migration.status).toBe('cancelled');
    expect((await act('cancel')).status).toBe(409);
    expect((await act('dance')).status).toBe(400);
  });
});

test('what went wrong inside is logged, never told', async () => {
  const logged: object[] = [];
  const log = { ...SILENT_LOG, error: (fields: object) => void logged.push(fields), child: () => log };
  const listServices = () => Promise.reject(new Error('password=geheim'));
  const ill = createApi({ ...optionsFor(store), log, store: storeWith(store, { listServices }), port: 0 });
  const answer = await ill.inject({ method: 'GET', url: '/v1/services', headers: { 'x-auth-token': TOKEN } });
  await ill.close();
  expect(answer.statusCode).toBe(500);
  expect(answer.body).not.toContain('geheim');
  expect(answer.json().error.request_id).toBe(answer.headers['x-openstack-request-id']);
  expect(logged).toMatchObject([{ err: { message: 'password=geheim' } }]);
});

describe('services', () => {
  test('are listed and disabled', async () => {
    const { services } = (await call('GET', '/v1/services')).body as { services: { id: string }[] };
    expect(services).toMatchObject([{ id: 'w1', alive: true, disabled: false }]);
    expect(faultsOf(routes.services.list.answer, { services })).toEqual([]);
    const answer = await call('PATCH', '/v1/services/w1', { disabled: true, reason: 'repair' });
    expect(answer.body.service).toMatchObject({ disabled: true, disabled_reason: 'repair' });
  });
});

describe('what is no request of ours', () => {
  test('gets the envelope and a request id', async () => {
    const answer = await call('GET', '/v1/nothing?secret=1');
    expect(answer.status).toBe(404);
    expect(answer.body.error.message).toBe('there is no /v1/nothing');
    expect(answer.headers['x-openstack-request-id']).toBe(answer.body.error.request_id);
    const text = await api.inject({
      method: 'POST',
      url: '/v1/sources',
      headers: { 'x-auth-token': TOKEN, 'content-type': 'text/plain' },
      payload: 'hello',
    });
    expect(text.statusCode).toBe(415);
    expect(text.json().error.guts_code).toBe('bad_request');
    const long = await call('POST', '/v1/sources', { ...SOURCE, name: 'x'.repeat(2_000_000) });
    expect(long).toMatchObject({ status: 413, body: { error: { guts_code: 'too_large' } } });
  });
  test.for([
    ['PUT', '/v1/sources', 405, /does not take PUT/],
    ['DELETE', '/v1/migrations/m1', 405, /does not take DELETE/],
    ['GET', '/v1/%zz', 400, /not a valid url/],
    ['GET', `/v1/sources/${'a'.repeat(400)}`, 414, /./],
    ['GET', '/v1/events/stream?after=x', 400, /after/],
    ['GET', '/v1/events/stream?resource_id=a&resource_id=b', 400, /resource_id/],
  ] as const)('%s %s is refused with %i in the same envelope', async ([method, url, status, message]) => {
    const answer = await api.inject({ method, url, headers: { 'x-auth-token': TOKEN } });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['x-openstack-request-id']).toMatch(/^req-/);
    expect(faultsOf(ErrorBody, answer.json())).toEqual([]);
    expect(answer.json().error.code).toBe(status);
    expect(answer.json().error.message).toMatch(message);
  });
  test('what may be asked instead is in Allow; a stream has no HEAD', async () => {
    const headers = { 'x-auth-token': TOKEN };
    const put = await api.inject({ method: 'PUT', url: '/v1/sources', headers });
    expect(put.headers.allow).toBe('GET, POST');
    const head = await api.inject({ method: 'HEAD', url: '/v1/events/stream', headers });
    expect([head.statusCode, head.headers.allow]).toEqual([405, 'GET']);
  });
  test('a port that is taken is said', async () => {
    const address = await api.listen();
    const { services } = (await call('GET', '/v1/services')).body as { services: { binary: string }[] };
    expect(services.map((one) => one.binary).toSorted()).toEqual(['guts-api', 'guts-migration']);
    const second = createApi({ ...optionsFor(store), port: Number(new URL(address).port) });
    await expect(second.listen()).rejects.toMatchObject({ code: 'configuration', message: /is taken/ });
    await second.close();
  });
});

test('the event stream tells what happens', async () => {
  await prepare();
  const address = await api.listen();
  const stop = new AbortController();
  const answer = await fetch(`${address}/v1/events/stream?after=0`, {
    headers: { 'x-auth-token': TOKEN },
    signal: stop.signal,
  });
  expect(answer.headers.get('content-type')).toMatch(/event-stream/);
  await call('POST', '/v1/migrations', { source: 'vc', destination: 'cloud', instance: 'web' });
  let text = '';
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    text += new TextDecoder().decode(chunk);
    if (text.includes('migration.created')) break;
  }
  expect(text).toMatch(/^id: \d+\ndata: \{/m);
  stop.abort();
});
