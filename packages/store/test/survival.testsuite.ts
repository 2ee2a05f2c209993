import { GutsError, type Lease, type Store } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decision, event, migration, reserve, ROUND, SCOPE, sleep, view } from './fixtures.ts';

/** Scheduling rounds, hand-overs, checkpoints and the outbox, against any implementation. */
export function survivalSuite(
  open: () => Promise<{ store: Store; again: () => Promise<Store> | null }>,
): void {
  let store: Store;
  let again: () => Promise<Store> | null;
  const others: Store[] = [];

  beforeEach(async () => {
    ({ store, again } = await open());
    await store.upgrade();
    for (const [side, driver] of [
      ['source', 'vsphere'],
      ['destination', 'openstack'],
    ] as const) {
      const id = side === 'source' ? 's1' : 'd1';
      const endpoint = { id, projectId: 'p1', side, name: side, driver, settings: {}, sealedSecret: '{}' };
      await store.createEndpoint(endpoint, event(id));
    }
  });
  afterEach(async () => {
    for (const other of others.splice(0)) await other.close();
    await store.close();
  });

  const worker = (id: string) => ({
    id,
    binary: 'guts-migration' as const,
    host: id,
    version: '1',
    slots: 2,
    scratchBytes: null,
    bytesPerSecond: null,
    drivers: [],
  });
  async function leased(id: string, seconds = 60): Promise<Lease> {
    await store.createMigration(migration(id), event(id));
    await reserve(store, id, 'w1');
    const got = await store.acquireLease(id, 'w1', seconds);
    return got!.lease;
  }
  const drain = async (): Promise<string[]> => {
    const taken = await store.claimOutbox('test', 100, 60);
    await store.settleOutbox(taken.map((one) => one.id));
    return taken.map(({ message }) => [message.topic, message.id, message.to].join(' ').trim());
  };

  describe('a scheduling round', () => {
    test('sees what waits, what holds a worker, and the workers', async () => {
      await store.heartbeat(worker('w1'));
      const demand = { host: 'h1', datastores: ['ds1'], streams: 2, bytes: 2 ** 40, scratchBytes: 0 };
      await store.createMigration(migration('low', { demand }), event('low'));
      await store.createMigration(migration('high', { priority: 5, planId: 'plan' }), event('high'));
      const lease = await leased('running');
      await store.setDemand(lease, demand);
      const seen = await view(store);
      expect(seen.waiting.map((work) => work.id)).toEqual(['high', 'low']);
      expect(seen.waiting[1]).toMatchObject({
        direction: 'forward',
        demand,
        sourceDriver: 'vsphere',
        destinationDriver: 'openstack',
        reason: null,
      });
      expect(seen.holding).toMatchObject([{ id: 'running', workerId: 'w1', demand }]);
      expect(seen.workers).toMatchObject([{ id: 'w1', alive: true }]);
      expect(Math.abs(seen.now - Date.now())).toBeLessThan(60_000);
    });

    test('sees who let a lease pass', async () => {
      await leased('m1', 0.02);
      await sleep(40);
      expect((await view(store)).waiting).toMatchObject([{ id: 'm1', lostBy: 'w1' }]);
      await store.createMigration(migration('m2'), event('m2'));
      expect((await view(store)).waiting).toMatchObject([{ lostBy: 'w1' }, { lostBy: null }]);
    });

    test('shows what was lost as waiting, and lets nobody renew it', async () => {
      const lease = await leased('m1', 0.02);
      const { queuedAt } = (await store.getMigration('m1', SCOPE))!;
      await sleep(40);
      await store.scheduleRound(ROUND, ({ waiting }) =>
        waiting.map((work) => decision(work, null, 'nobody is left')),
      );
      const row = await store.getMigration('m1', SCOPE);
      expect(row).toMatchObject({ status: 'queued', workerId: null, reason: 'nobody is left', queuedAt });
      expect((await store.renewLease(lease)).held).toBe(false);
      expect((await view(store)).waiting).toMatchObject([{ id: 'm1', lostBy: 'w1' }]);
      const events = await store.listEvents(SCOPE, { after: 0, limit: 100, resourceId: 'm1' });
      expect(events.map((one) => one.type)).toContain('migration.lost');
    });

    test('takes what is to be cancelled for an undo, also when its worker is gone', async () => {
      await leased('m1', 0.02);
      await store.requestCancel('m1', event('m1'));
      await sleep(40);
      expect((await view(store)).waiting).toMatchObject([{ id: 'm1', direction: 'undo' }]);
    });

    test('tells many at once why they wait', async () => {
      for (let n = 0; n < 203; n += 1) await store.createMigration(migration(`m${n}`), event(`m${n}`));
      await store.scheduleRound({ ...ROUND, limit: 2000 }, ({ waiting }) =>
        waiting.map((work, index) => decision(work, null, index % 3 === 0 ? 'one' : 'other')),
      );
      const all = await store.listMigrations(SCOPE, { limit: 2000 });
      expect(all.map((one) => one.reason)).toEqual(all.map((_, n) => (n % 3 === 0 ? 'one' : 'other')));
    });

    test('puts undo before everything, and looks at so many only', async () => {
      await store.createMigration(migration('a', { priority: 9 }), event('a'));
      const lease = await leased('b', 0.02);
      await store.setPosition(lease, 'cancelling', 'undo', null, event('b'));
      await sleep(40);
      expect((await view(store)).waiting.map((work) => [work.id, work.direction])).toEqual([
        ['b', 'undo'],
        ['a', 'forward'],
      ]);
      const { waiting } = await store.scheduleRound({ ...ROUND, limit: 1 }, () => []);
      expect(waiting).toBe(1);
    });

    test('keeps reasons and traces', async () => {
      await store.createMigration(migration('m1'), event('m1'));
      const trace = {
        filters: [{ name: 'AliveFilter', left: 0, reason: 'none alive' }],
        weights: [],
        limit: { resource: 'host:s1:h1', used: 10, wanted: 1, limit: 10 },
      };
      await store.scheduleRound(ROUND, ({ waiting }) =>
        waiting.map((work) => ({ ...decision(work, null, 'the host is busy'), trace })),
      );
      expect(await store.getMigration('m1', SCOPE)).toMatchObject({ reason: 'the host is busy', trace });
    });

    test('that fails changes nothing', async () => {
      await store.createMigration(migration('m1'), event('m1'));
      const round = store.scheduleRound(ROUND, () => {
        throw new GutsError('internal', 'a bug in the decision');
      });
      await expect(round).rejects.toThrow('a bug in the decision');
      expect(await store.getMigration('m1', SCOPE)).toMatchObject({ status: 'queued', reason: null });
    });

    test('never books a slot twice, however many schedulers there are', async () => {
      for (let n = 0; n < 3; n += 1) {
        const other = await again();
        if (other) others.push(other);
      }
      for (let n = 0; n < 12; n += 1) await store.createMigration(migration(`m${n}`), event(`m${n}`));
      const rounds = [store, ...others].flatMap((one) =>
        Array.from({ length: 4 }, () =>
          one.scheduleRound(ROUND, ({ waiting, holding }) =>
            waiting.slice(0, Math.max(0, 5 - holding.length)).map((work) => decision(work, 'w1')),
          ),
        ),
      );
      const reserved = (await Promise.all(rounds)).flatMap((round) => round.reserved.map((one) => one.id));
      expect(new Set(reserved).size).toBe(reserved.length);
      expect(reserved).toHaveLength(5);
    });
  });

  describe('a lease', () => {
    test('is refused where there is no room any more, with the reason', async () => {
      await store.heartbeat(worker('w1'));
      await leased('other');
      await store.createMigration(migration('m1'), event('m1'));
      await reserve(store, 'm1', 'w1');
      const got = await store.acquireLease('m1', 'w1', 60, (work, holding, by) => {
        expect([work.id, holding.map((one) => one.id), by.id]).toEqual(['m1', ['other'], 'w1']);
        return 'the limit was lowered';
      });
      expect(got).toBeNull();
      const back = await store.getMigration('m1', SCOPE);
      expect(back).toMatchObject({ status: 'queued', reason: 'the limit was lowered', workerId: null });
      await reserve(store, 'm1', 'w1');
      expect(await store.acquireLease('m1', 'w1', 60, () => null)).not.toBeNull();
    });

    test('can be given up in the middle', async () => {
      const lease = await leased('m1');
      await store.releaseLease(lease, 'handed over', event('m1'));
      expect(await store.getMigration('m1', SCOPE)).toMatchObject({ status: 'queued', workerId: null });
      await expect(store.addEvent(lease, event('m1'))).rejects.toMatchObject({ code: 'lease_lost' });
      await reserve(store, 'm1', 'w2');
      const next = await store.acquireLease('m1', 'w2', 60);
      expect(next!.lease.epoch).toBe(2);
      await store.setPosition(next!.lease, 'cancelling', 'undo', null, event('m1'));
      await store.releaseLease(next!.lease, 'handed over', event('m1'));
      expect(await store.getMigration('m1', SCOPE)).toMatchObject({ status: 'cancelling' });
      expect((await view(store)).waiting.map((work) => work.id)).toEqual(['m1']);
    });

    test('a cancel that was asked for is not lost to the end of the work', async () => {
      const lease = await leased('m1');
      await store.requestCancel('m1', event('m1'));
      const done = { status: 'completed' as const, phase: 'cutover' as const, reason: null, error: null };
      await expect(store.finishLease(lease, done, event('m1'))).rejects.toMatchObject({
        code: 'cancel_requested',
      });
      const committing = store.setPosition(lease, 'committing', 'cutover', null, event('m1'));
      await expect(committing).rejects.toMatchObject({ code: 'cancel_requested' });
      await store.setPosition(lease, 'cancelling', 'undo', null, event('m1'));
    });

    test('keeps its place in the queue when it is handed over', async () => {
      const lease = await leased('m1');
      const { queuedAt } = (await store.getMigration('m1', SCOPE))!;
      await sleep(20);
      await store.releaseLease(lease, 'handed over', event('m1'));
      expect((await store.getMigration('m1', SCOPE))!.queuedAt).toBe(queuedAt);
    });

    test('requests are kept with the move', async () => {
      const lease = await leased('m1');
      const done = { status: 'completed' as const, phase: 'cutover' as const, reason: null, error: null };
      await store.finishLease(lease, done, event('m1'));
      const request = { action: 'revert' as const, target: 'park' as const };
      await store.moveMigration('m1', ['completed'], { status: 'reverting', request }, event('m1'));
      expect(await store.getMigration('m1', SCOPE)).toMatchObject({ status: 'reverting', request });
      const rival = migration('m2', { instanceRef: 'vm-m1' });
      await expect(store.createMigration(rival, event('m2'))).rejects.toMatchObject({ code: 'conflict' });
    });
  });

  describe('checkpoints', () => {
    const checkpoint = (firstChunk: number, digests: string[]) => ({
      migrationId: 'm1',
      diskKey: '2000',
      pass: 1,
      firstChunk,
      chunks: digests.length,
      chunkSize: 4 * 2 ** 20,
      key: '00'.repeat(16),
      digests: digests.join(' '),
      flushedBytes: (firstChunk + digests.length) * 4 * 2 ** 20,
    });
    const put = (lease: Lease, firstChunk: number, digests: string[]) =>
      store.putCheckpoint(lease, checkpoint(firstChunk, digests));
    const chunks = async () =>
      (await store.listCheckpoints('m1', '2000', 1)).flatMap(({ digests }) => digests.split(' '));

    test('add up, replace what comes after, and go when dropped', async () => {
      const lease = await leased('m1');
      await put(lease, 0, ['a', 'b']);
      await put(lease, 2, ['c']);
      expect(await chunks()).toEqual(['a', 'b', 'c']);
      await put(lease, 2, ['d', 'e']);
      expect(await chunks()).toEqual(['a', 'b', 'd', 'e']);
      await store.replaceDigests(lease, checkpoint(0, ['x', 'y']));
      expect(await chunks()).toEqual(['x', 'y', 'd', 'e']);
      await put(lease, 0, ['f']);
      expect(await chunks()).toEqual(['f']);
      await store.dropCheckpoints(lease, '2001');
      expect(await chunks()).toEqual(['f']);
      await store.dropCheckpoints(lease, '2000');
      expect(await chunks()).toEqual([]);
    });

    test('are read in pages, each of one disk and one pass', async () => {
      const lease = await leased('m1');
      for (const first of [0, 2, 11]) await put(lease, first, ['a', 'b']);
      await store.putCheckpoint(lease, { ...checkpoint(3, ['x']), diskKey: '2001' });
      await store.putCheckpoint(lease, { ...checkpoint(3, ['x']), pass: 2 });
      const page = async (limit: number, after?: number) => {
        const of = { limit, ...(after === undefined ? {} : { after }) };
        return (await store.listCheckpoints('m1', '2000', 1, of)).map(({ firstChunk }) => firstChunk);
      };
      expect(await page(2)).toEqual([0, 2]);
      expect(await page(2, 2)).toEqual([11]);
      expect(await page(2, 11)).toEqual([]);
      expect(await page(1, 0)).toEqual([2]);
    });

    test('of a lost lease are refused', async () => {
      const lease = await leased('m1', 0.02);
      await sleep(40);
      await reserve(store, 'm1', 'w2');
      await store.acquireLease('m1', 'w2', 60);
      await expect(put(lease, 0, ['a'])).rejects.toMatchObject({ code: 'lease_lost' });
      expect(await chunks()).toEqual([]);
    });
  });

  describe('the outbox', () => {
    test('tells of every change that somebody waits for, in its transaction', async () => {
      const lease = await leased('m1');
      expect(await drain()).toEqual(['migration.queued m1', 'migration.scheduled m1 w1']);
      await store.requestCancel('m1', event('m1'));
      expect(await drain()).toEqual(['migration.action m1 w1']);
      await store.releaseLease(lease, 'handed over', event('m1'));
      expect(await drain()).toEqual(['migration.queued m1']);
      const operation = {
        id: 'o1',
        projectId: 'p1',
        kind: 'source.validate' as const,
        subjectId: 's1',
        input: {},
      };
      await store.createOperation(operation, event('o1'));
      expect(await drain()).toEqual(['operation.queued o1']);
      expect(await drain()).toEqual([]);
      await expect(store.addEvent(lease, event('m1'))).rejects.toMatchObject({ code: 'lease_lost' });
      expect(await store.outboxState()).toEqual({ pending: 0, oldestSeconds: null });
    });

    test('gives a message to one at a time, and again when it was not settled', async () => {
      for (let n = 0; n < 9; n += 1) await store.createMigration(migration(`m${n}`), event(`m${n}`));
      const other = (await again()) ?? store;
      if (other !== store) others.push(other);
      const [one, two] = await Promise.all([
        store.claimOutbox('one', 4, 60),
        other.claimOutbox('two', 4, 60),
      ]);
      const ids = [...one, ...two].map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect((await store.outboxState()).pending).toBe(9);
      await store.settleOutbox(ids);
      const rest = await store.claimOutbox('three', 10, 0.02);
      expect(rest).toHaveLength(9 - ids.length);
      await sleep(40);
      expect(await store.claimOutbox('four', 10, 60)).toEqual(rest);
      expect((await store.outboxState()).oldestSeconds).toBeGreaterThanOrEqual(0);
    });
  });

  test('audit lines are written with the change, or not at all', async () => {
    const audit = {
      id: 'x1',
      projectId: 'p1',
      userId: 'u1',
      requestId: 'r1',
      action: 'migration.create',
      resourceId: 'm1',
      data: { name: 'm1' },
    };
    await store.createMigration(migration('m1'), { ...event('m1'), audit });
    const twin = migration('m2', { instanceRef: 'vm-m1' });
    const refused = { ...event('m2'), audit: { ...audit, id: 'x2' } };
    await expect(store.createMigration(twin, refused)).rejects.toMatchObject({ code: 'conflict' });
    expect(await store.listAudit(SCOPE, { limit: 10 })).toMatchObject([{ id: 'x1', userId: 'u1' }]);
  });

  test('work is counted by status', async () => {
    await leased('m1');
    await store.createMigration(migration('m2'), event('m2'));
    expect(await store.countWork(SCOPE)).toEqual({ migrations: { running: 1, queued: 1 }, operations: {} });
    expect(await store.countWork({ projectId: 'p2' })).toEqual({ migrations: {}, operations: {} });
  });
}
