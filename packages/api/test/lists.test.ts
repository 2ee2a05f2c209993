import { routes } from '@guts/contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { faultsOf, Served } from './served.ts';

let served: Served;
beforeEach(async () => {
  served = await Served.open();
});
afterEach(() => served.close());

const call: Served['call'] = (...given) => served.call(...given);
const prepare: Served['prepare'] = () => served.prepare();

describe('lists', () => {
  test('go page by page; a marker that is unknown is said, not taken for the end', async () => {
    await prepare();
    for (const instance of ['web', 'vm-2', 'vm-3'])
      await call('POST', '/v1/migrations', { source: 'vc', destination: 'cloud', instance });
    const seen: string[] = [];
    let next: string | null = '/v1/migrations?limit=2&source=vc&destination=cloud&status=queued';
    while (next) {
      const { body } = await call('GET', next);
      seen.push(...(body.migrations as { instance_ref: string }[]).map((one) => one.instance_ref));
      next = body.links.next as string | null;
    }
    expect(seen).toEqual(['vm-1', 'vm-2', 'vm-3']);
    for (const what of ['migrations', 'sources', 'destinations', 'operations'])
      expect(await call('GET', `/v1/${what}?marker=gone`)).toMatchObject({
        status: 400,
        body: { error: { field: 'query.marker' } },
      });
  });
  test('are filtered by what a source is called, or by its id', async () => {
    const { source } = await prepare();
    await call('POST', '/v1/migrations', { source: 'vc', destination: 'cloud', instance: 'web' });
    const count = async (filter: string) =>
      ((await call('GET', `/v1/migrations?${filter}`)).body.migrations as unknown[]).length;
    expect(await count('source=vc')).toBe(1);
    expect(await count(`source=${source}`)).toBe(1);
    expect(await count('source=other')).toBe(0);
    expect(await count('destination=cloud&name=web')).toBe(1);
    expect(await count('status=completed')).toBe(0);
    expect((await call('GET', '/v1/migrations?status=broken')).body.error.message).toMatch(/"broken"/);
  });
  test('are sorted either way, and the links keep order and filters', async () => {
    const { source } = await prepare();
    for (const instance of ['web', 'vm-2', 'vm-3'])
      await call('POST', '/v1/migrations', { source: 'vc', destination: 'cloud', instance });
    const walk = async (start: string) => {
      const seen: string[] = [];
      for (let next: string | null = start; next;) {
        const { body } = await call('GET', next);
        seen.push(...(body.migrations as { instance_ref: string }[]).map((one) => one.instance_ref));
        next = body.links.next as string | null;
      }
      return seen;
    };
    expect(await walk('/v1/migrations?limit=1&sort=created_at:desc')).toEqual(['vm-3', 'vm-2', 'vm-1']);
    expect(await walk('/v1/migrations?limit=1&sort_key=name&sort_dir=desc')).toEqual([
      'vm-1',
      'vm-3',
      'vm-2',
    ]);
    expect(await walk('/v1/migrations?limit=1&instance=twin')).toEqual(['vm-2', 'vm-3']);
    expect(await walk('/v1/migrations?created_since=2099-01-01T00:00:00Z')).toEqual([]);
    expect((await call('GET', '/v1/migrations?created_since=yesterday')).status).toBe(400);
    expect((await call('GET', '/v1/migrations?sort=colour')).body.error.field).toBe('query.sort');
    const names = (await call('GET', `/v1/instances?source=${source}&sort=name:desc&limit=2`)).body;
    expect(names.instances.map((one: { ref: string }) => one.ref)).toEqual(['vm-1', 'vm-8']);
    const rest = (await call('GET', names.links.next as string)).body.instances as { ref: string }[];
    expect(rest.map((one) => one.ref)).toEqual(['vm-3', 'vm-2']);
    const on = async (filter: string) =>
      ((await call('GET', `/v1/instances?source=vc&${filter}`)).body.instances as unknown[]).length;
    expect(await on('power_state=on&host=host-1&datastore=ds1&guest=linux&folder=DC/vm')).toBe(5);
    expect(await on('folder=DC/vm/vm-2')).toBe(1);
    expect(await on('network=none')).toBe(0);
    expect((await call('GET', '/v1/networks?source=vc&power_state=on')).status).toBe(400);
    const audit = await call('GET', '/v1/audit?action=source.create&sort=created_at:desc');
    expect(audit.body.audit).toHaveLength(1);
  });
  test('operations, by their subject and status', async () => {
    const { source, destination } = await prepare();
    for (const action of ['validate', 'refresh'])
      await call('POST', `/v1/sources/${source}/actions`, { action });
    const made = await call('POST', `/v1/destinations/${destination}/actions`, { action: 'validate' });
    expect(faultsOf(routes.destinations.act.answer, made.body)).toEqual([]);
    const kinds = async (filter: string) =>
      ((await call('GET', `/v1/operations?${filter}`)).body.operations as { kind: string }[]).map(
        (one) => one.kind,
      );
    expect(await kinds(`subject=${source}`)).toEqual(['source.validate', 'source.refresh']);
    expect(await kinds('status=queued,running&limit=1')).toHaveLength(1);
    expect(await kinds('status=done')).toEqual([]);
    const shown = await call('GET', `/v1/operations/${made.body.operation.id as string}`);
    expect(shown.body.operation).toMatchObject({ kind: 'destination.validate', error: null });
    expect((await call('GET', '/v1/operations/none')).status).toBe(404);
  });
});
