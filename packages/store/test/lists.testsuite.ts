import type { Instance, Mapping, Store } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { event, migration, SCOPE, sleep } from './fixtures.ts';

const MAPPING: Mapping = { networks: {}, datastores: { '*': 'fast' }, nics: {}, disks: {} };
const INSTANCE: Omit<Instance, 'ref' | 'name' | 'path'> = {
  uuid: null,
  powerState: 'on',
  connected: true,
  template: false,
  cpus: 1,
  coresPerSocket: 1,
  memoryMiB: 512,
  firmware: 'bios',
  secureBoot: false,
  tpm: false,
  encrypted: false,
  guestId: null,
  guestName: null,
  osType: 'linux',
  toolsRunning: true,
  changeTracking: { supported: true, enabled: false },
  snapshotCount: 0,
  hostRef: null,
  hostName: null,
  disks: [],
  bootDiskKey: null,
  nics: [],
};

/** Order, pages and filters of every list, against any implementation. */
export function listsSuite(open: () => Promise<{ store: Store }>): void {
  let store: Store;
  beforeEach(async () => {
    ({ store } = await open());
    await store.upgrade();
  });
  afterEach(() => store.close());

  /** Ids of a whole list, read two by two. */
  async function pages(
    page: (marker?: string) => Promise<readonly { readonly id: string }[]>,
  ): Promise<string[]> {
    const seen: string[] = [];
    for (;;) {
      const some = await page(seen.at(-1));
      seen.push(...some.map(({ id }) => id));
      if (some.length < 2) return seen;
    }
  }
  const paged = (marker: string | undefined) => ({ limit: 2, ...(marker === undefined ? {} : { marker }) });

  describe('migrations', () => {
    beforeEach(async () => {
      const names = { a: 'zeta', b: 'alpha', c: 'alpha', d: 'mid', e: 'alpha' };
      for (const [id, name] of Object.entries(names))
        await store.createMigration(migration(id, { name, priority: id === 'd' ? 9 : 0 }), event(id));
      await store.createMigration(migration('x', { projectId: 'p2' }), event('x'));
    });
    const sorted = (key: 'created_at' | 'updated_at' | 'name' | 'status' | 'priority', descending: boolean) =>
      pages((marker) => store.listMigrations(SCOPE, { ...paged(marker), sort: { key, descending } }));

    test('go by any key, both ways, page by page; what is equal in the order of its creation', async () => {
      expect(await sorted('created_at', false)).toEqual(['a', 'b', 'c', 'd', 'e']);
      expect(await sorted('created_at', true)).toEqual(['e', 'd', 'c', 'b', 'a']);
      expect(await sorted('name', false)).toEqual(['b', 'c', 'e', 'd', 'a']);
      expect(await sorted('name', true)).toEqual(['a', 'd', 'e', 'c', 'b']);
      expect(await sorted('priority', true)).toEqual(['d', 'e', 'c', 'b', 'a']);
      expect(await sorted('status', false)).toEqual(['a', 'b', 'c', 'd', 'e']);
      await sleep(5);
      await store.moveMigration('b', ['queued'], { status: 'cancelled' }, event('b'));
      expect((await sorted('updated_at', false)).at(-1)).toBe('b');
      expect((await sorted('status', false))[0]).toBe('b');
    });
    test('are filtered by instance, and by when they were made and changed', async () => {
      const ids = async (query: Parameters<Store['listMigrations']>[1]) =>
        (await store.listMigrations(SCOPE, query)).map(({ id }) => id);
      expect(await ids({ limit: 9, instance: 'vm-c' })).toEqual(['c']);
      expect(await ids({ limit: 9, instance: 'c' })).toEqual(['c']);
      await sleep(20);
      const moved = await store.moveMigration('d', ['queued'], { status: 'cancelled' }, event('d'));
      const since = moved?.updatedAt ?? '';
      expect(await ids({ limit: 9, updatedSince: since })).toEqual(['d']);
      expect(await ids({ limit: 9, createdSince: since })).toEqual([]);
      expect(await ids({ limit: 9, createdSince: '2020-01-01T00:00:00Z' })).toHaveLength(5);
    });
  });

  test('operations go by any key, and are filtered by kind', async () => {
    for (const id of ['a', 'b', 'c'])
      await store.createOperation(
        {
          id,
          projectId: 'p1',
          kind: id === 'b' ? 'source.refresh' : 'source.validate',
          subjectId: id,
          input: {},
        },
        event(id),
      );
    await sleep(5);
    await store.claimOperation('w', 60);
    const sorted = (key: 'created_at' | 'updated_at' | 'status', descending: boolean) =>
      pages((marker) => store.listOperations(SCOPE, { ...paged(marker), sort: { key, descending } }));
    expect(await sorted('created_at', true)).toEqual(['c', 'b', 'a']);
    expect(await sorted('updated_at', false)).toEqual(['b', 'c', 'a']);
    expect(await sorted('status', true)).toEqual(['a', 'c', 'b']);
    const refreshes = await store.listOperations(SCOPE, { limit: 9, kind: 'source.refresh' });
    expect(refreshes.map(({ id }) => id)).toEqual(['b']);
  });

  test('sources go by any key, and are filtered by status and driver', async () => {
    for (const id of ['a', 'b', 'c'])
      await store.createEndpoint(
        {
          id,
          projectId: 'p1',
          side: 'source',
          name: id,
          driver: id === 'c' ? 'ova' : 'vsphere',
          settings: {},
          sealedSecret: '',
        },
        event(id),
      );
    await store.updateEndpoint('source', 'b', { status: 'valid' });
    const list = (query: Partial<Parameters<Store['listEndpoints']>[2]>) =>
      pages((marker) => store.listEndpoints('source', SCOPE, { ...paged(marker), ...query }));
    expect(await list({ sort: { key: 'name', descending: true } })).toEqual(['c', 'b', 'a']);
    expect(await list({ sort: { key: 'status', descending: true } })).toEqual(['b', 'c', 'a']);
    expect(await list({ status: ['unknown', 'invalid'] })).toEqual(['a', 'c']);
    expect(await list({ driver: 'ova' })).toEqual(['c']);
  });

  test('the audit log goes both ways, and is filtered by who, what, when and which', async () => {
    const line = {
      projectId: 'p1',
      userId: 'u1',
      requestId: 'r1',
      action: 'source.create',
      resourceId: 's1',
      data: {},
    };
    await store.addAudit({ ...line, id: 'a' });
    await sleep(20);
    await store.addAudit({ ...line, id: 'b', userId: 'u2', action: 'source.delete', resourceId: 's2' });
    await store.addAudit({ ...line, id: 'c', requestId: 'r2' });
    const list = (query: Partial<Parameters<Store['listAudit']>[1]>) =>
      pages((marker) => store.listAudit(SCOPE, { ...paged(marker), ...query }));
    expect(await list({ sort: { key: 'created_at', descending: true } })).toEqual(['c', 'b', 'a']);
    expect(await list({ userId: 'u2' })).toEqual(['b']);
    expect(await list({ action: 'source.create' })).toEqual(['a', 'c']);
    expect(await list({ resourceId: 's1' })).toEqual(['a', 'c']);
    expect(await list({ requestId: 'r2' })).toEqual(['c']);
    const [, second] = await store.listAudit(SCOPE, { limit: 9 });
    expect(await list({ until: second?.at ?? '' })).toEqual(['a']);
    expect(await list({ since: second?.at ?? '' })).toEqual(['b', 'c']);
  });

  describe('instances', () => {
    const disk = {
      key: '1',
      objectId: '1',
      label: '',
      capacityBytes: 1,
      bus: 'scsi',
      controller: '',
      path: null,
      thin: true,
      obstacles: [],
      delta: false,
    } as const;
    const nic = { key: '1', label: '', mac: '', model: '', connected: true, addresses: [] };
    const deep = `DC/vm/${'long/'.repeat(60)}e`;
    const instances: Instance[] = [
      {
        ...INSTANCE,
        ref: 'vm-1',
        name: 'web',
        path: 'DC/vm/prod/web',
        hostRef: 'host-1',
        hostName: 'ESX1.test',
        guestId: 'debian12_64Guest',
      },
      {
        ...INSTANCE,
        ref: 'vm-2',
        name: 'Alpha',
        path: 'DC/vm/prod/db/Alpha',
        powerState: 'off',
        hostRef: 'host-1',
        hostName: 'ESX1.test',
        disks: [{ ...disk, datastoreRef: 'ds-1', datastoreName: 'SSD' }],
      },
      {
        ...INSTANCE,
        ref: 'vm-3',
        name: 'beta',
        path: 'DC/vm/beta',
        osType: 'windows',
        disks: [
          { ...disk, datastoreRef: 'ds-1', datastoreName: 'SSD' },
          { ...disk, key: '2', datastoreRef: 'ds-2', datastoreName: 'HDD' },
        ],
      },
      {
        ...INSTANCE,
        ref: 'vm-4',
        name: 'ALPHA',
        path: 'DC/vm/ALPHA',
        nics: [{ ...nic, networkRef: 'net-1', networkName: 'VM Network' }],
      },
      { ...INSTANCE, ref: 'vm-5', name: 'é', path: deep },
    ];
    async function refresh(id: string, objects: readonly Instance[]): Promise<void> {
      const kind = 'source.refresh' as const;
      await store.createOperation({ id, projectId: 'p1', kind, subjectId: 's1', input: {} }, event(id));
      const claimed = await store.claimOperation('w1', 60);
      const under = { operationId: id, epoch: claimed?.epoch ?? 0 };
      await store.putInventory(
        's1',
        under,
        objects.map((data) => ({ kind: 'instance', data })),
      );
      await store.finishInventory('s1', under);
      await store.finishOperation(id, under.epoch, { status: 'done' }, event(id));
    }
    const list = (query: Partial<Parameters<Store['listInventory']>[2]>) =>
      pages(async (marker) =>
        (await store.listInventory('s1', 'instance', { ...paged(marker), ...query })).map(({ ref: id }) => ({
          id,
        })),
      );

    test('go by ref or by name whatever its case, both ways', async () => {
      await refresh('o1', instances);
      expect(await list({})).toEqual(['vm-1', 'vm-2', 'vm-3', 'vm-4', 'vm-5']);
      expect(await list({ sort: { key: 'ref', descending: true } })).toEqual([
        'vm-5',
        'vm-4',
        'vm-3',
        'vm-2',
        'vm-1',
      ]);
      expect(await list({ sort: { key: 'name', descending: false } })).toEqual([
        'vm-2',
        'vm-4',
        'vm-3',
        'vm-1',
        'vm-5',
      ]);
      expect(await list({ sort: { key: 'name', descending: true } })).toEqual([
        'vm-5',
        'vm-1',
        'vm-3',
        'vm-4',
        'vm-2',
      ]);
      expect(await list({ name: 'Alpha' })).toEqual(['vm-2']);
    });
    test.for([
      [{ power: 'off' }, ['vm-2']],
      [{ host: 'esx1.TEST' }, ['vm-1', 'vm-2']],
      [{ host: 'host-1', power: 'on' }, ['vm-1']],
      [{ datastore: 'ssd' }, ['vm-2', 'vm-3']],
      [{ datastore: 'ds-2' }, ['vm-3']],
      [{ network: 'VM Network' }, ['vm-4']],
      [{ folder: 'DC/vm/prod' }, ['vm-1', 'vm-2']],
      [{ folder: 'dc/vm' }, ['vm-1', 'vm-2', 'vm-3', 'vm-4', 'vm-5']],
      [{ folder: deep.slice(0, -2) }, ['vm-5']],
      [{ guest: 'windows' }, ['vm-3']],
      [{ guest: 'debian12_64guest' }, ['vm-1']],
      [{ folder: 'DC/vm/pro' }, []],
    ] as const)('are found by %j', async ([where, refs]) => {
      await refresh('o1', instances);
      expect(await list({ where })).toEqual(refs);
    });
    test('are found by what they are on now, not by what they were on; those that are gone by nothing', async () => {
      await refresh('o1', instances);
      const [web] = instances;
      await refresh('o2', web ? [{ ...web, hostRef: 'host-2', hostName: null }] : []);
      expect(await list({ where: { host: 'host-1' } })).toEqual([]);
      expect(await list({ where: { host: 'host-2' } })).toEqual(['vm-1']);
      expect(await list({ where: { network: 'net-1' } })).toEqual([]);
    });
  });

  describe('mappings', () => {
    const mapping = (id: string, name: string, projectId = 'p1') => ({
      id,
      projectId,
      name,
      description: null,
      mapping: MAPPING,
    });
    test('are made, listed, changed and deleted, each in its project', async () => {
      for (const [id, name] of [
        ['a', 'two'],
        ['b', 'one'],
        ['c', 'three'],
      ] as const)
        await store.createMapping(mapping(id, name), event(id));
      await store.createMapping(mapping('x', 'two', 'p2'), event('x'));
      const list = (key: 'created_at' | 'name', descending: boolean) =>
        pages((marker) => store.listMappings(SCOPE, { ...paged(marker), sort: { key, descending } }));
      expect(await list('created_at', true)).toEqual(['c', 'b', 'a']);
      expect(await list('name', false)).toEqual(['b', 'c', 'a']);
      expect(await store.listMappings(SCOPE, { limit: 9, name: 'two' })).toMatchObject([
        { id: 'a', mapping: MAPPING },
      ]);
      expect(await store.getMapping('x', SCOPE)).toBeNull();
      const changed = await store.updateMapping('a', { description: 'why' }, event('a'));
      expect(changed).toMatchObject({ name: 'two', description: 'why', mapping: MAPPING });
      await store.deleteMapping('a', event('a'));
      expect(await store.getMapping('a', SCOPE)).toBeNull();
      await expect(store.deleteMapping('a', event('a'))).rejects.toMatchObject({ code: 'not_found' });
      await expect(store.updateMapping('a', { name: 'n' }, event('a'))).rejects.toMatchObject({
        code: 'not_found',
      });
    });
    test('a name is taken once in a project', async () => {
      await store.createMapping(mapping('a', 'one'), event('a'));
      await store.createMapping(mapping('b', 'two'), event('b'));
      await expect(store.createMapping(mapping('c', 'one'), event('c'))).rejects.toMatchObject({
        code: 'conflict',
      });
      await expect(store.updateMapping('b', { name: 'one' }, event('b'))).rejects.toMatchObject({
        code: 'conflict',
      });
    });
  });

  test('facts of a destination are kept apart, and tell when they were read', async () => {
    const made = {
      id: 'd1',
      projectId: 'p1',
      side: 'destination' as const,
      name: 'd',
      driver: 'o',
      settings: {},
      sealedSecret: '',
    };
    await store.createEndpoint(made, event('d1'));
    expect(await store.getFacts('d1')).toBeNull();
    const facts = { flavors: [], networks: [], volumeTypes: ['fast'] } as never;
    await store.putFacts('d1', facts);
    expect(await store.getFacts('d1')).toEqual(facts);
    const shown = await store.getEndpoint('destination', 'd1', SCOPE);
    expect(shown?.refreshedAt).not.toBeNull();
    expect(shown).not.toHaveProperty('facts');
    await expect(store.putFacts('gone', facts)).rejects.toMatchObject({ code: 'not_found' });
  });
}
