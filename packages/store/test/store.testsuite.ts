import type { Lease, Store } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { event, migration, reserve, SCOPE, sleep, view } from './fixtures.ts';

/** Everything that core's `Store` promises, against any implementation. `again` opens the same database once more. */
export function storeSuite(open: () => Promise<{ store: Store; again: () => Promise<Store> | null }>): void {
  let store: Store;
  let again: () => Promise<Store> | null;
  const others: Store[] = [];

  beforeEach(async () => {
    ({ store, again } = await open());
    await store.upgrade();
  });
  afterEach(async () => {
    for (const other of others.splice(0)) await other.close();
    await store.close();
  });

  async function leased(id: string, worker = 'w1', seconds = 60): Promise<Lease> {
    await store.createMigration(migration(id), event(id));
    expect(await reserve(store, id, worker)).not.toBeNull();
    const got = await store.acquireLease(id, worker, seconds);
    return got!.lease;
  }

  describe('schema', () => {
    test('is current after an upgrade, and a second upgrade does nothing', async () => {
      expect(await store.check()).toEqual({ current: true, pending: [], ahead: [] });
      expect(await store.upgrade()).toEqual({ applied: [] });
    });
  });

  describe('endpoints', () => {
    const endpoint = (id: string, name: string) => ({
      id,
      projectId: 'p1',
      side: 'source' as const,
      name,
      driver: 'vsphere',
      settings: { url: 'https://vc' },
      sealedSecret: 'sealed',
    });
    test('are made, listed in order, changed and deleted; the secret stays apart', async () => {
      const made = await store.createEndpoint(endpoint('s1', 'one'), event('s1'));
      expect(made).toMatchObject({ name: 'one', status: 'unknown', settings: { url: 'https://vc' } });
      expect(JSON.stringify(made)).not.toContain('sealed');
      await store.createEndpoint(endpoint('a2', 'two'), event('a2'));
      expect((await store.listEndpoints('source', SCOPE, { limit: 10 })).map((e) => e.name)).toEqual([
        'one',
        'two',
      ]);
      const page = await store.listEndpoints('source', SCOPE, { limit: 10, marker: 's1' });
      expect(page.map((e) => e.name)).toEqual(['two']);
      expect(await store.listEndpoints('source', { projectId: 'p2' }, { limit: 10 })).toEqual([]);
      expect(await store.getEndpoint('destination', 's1', SCOPE)).toBeNull();
      expect(await store.sealedSecret('source', 's1')).toBe('sealed');
      const changed = await store.updateEndpoint('source', 's1', {
        status: 'valid',
        validated: true,
        report: { a: 1 },
      });
      expect(changed).toMatchObject({ status: 'valid', report: { a: 1 } });
      expect(changed.validatedAt).not.toBeNull();
      await store.deleteEndpoint('source', 's1', event('s1'));
      expect(await store.getEndpoint('source', 's1', SCOPE)).toBeNull();
    });
    test('a name is unique per project and side', async () => {
      await store.createEndpoint(endpoint('s1', 'one'), event('s1'));
      await expect(store.createEndpoint(endpoint('s2', 'one'), event('s2'))).rejects.toMatchObject({
        code: 'conflict',
      });
      await store.createEndpoint({ ...endpoint('s3', 'one'), projectId: 'p2' }, event('s3'));
    });
    test('one in use is not deleted', async () => {
      await store.createEndpoint(endpoint('s1', 'one'), event('s1'));
      await store.createMigration(migration('m1'), event('m1'));
      await expect(store.deleteEndpoint('source', 's1', event('s1'))).rejects.toMatchObject({
        code: 'conflict',
      });
    });
  });

  describe('migrations', () => {
    test('an instance belongs to one migration at a time', async () => {
      await store.createMigration(migration('m1', { instanceRef: 'vm-1' }), event('m1'));
      await expect(
        store.createMigration(migration('m2', { instanceRef: 'vm-1' }), event('m2')),
      ).rejects.toMatchObject({ code: 'conflict' });
      await store.moveMigration('m1', ['queued'], { status: 'cancelled' }, event('m1'));
      await store.createMigration(migration('m2', { instanceRef: 'vm-1' }), event('m2'));
    });
    test('moves are compare-and-swap, along the table only', async () => {
      await store.createMigration(migration('m1'), event('m1'));
      expect(await store.moveMigration('m1', ['failed'], { status: 'queued' }, event('m1'))).toBeNull();
      await expect(
        store.moveMigration('m1', ['queued'], { status: 'completed' }, event('m1')),
      ).rejects.toThrow(/no migration moves/);
      const moved = await store.moveMigration(
        'm1',
        ['queued'],
        { status: 'cancelled', reason: 'asked' },
        event('m1'),
      );
      expect(moved).toMatchObject({ status: 'cancelled', reason: 'asked' });
      expect(moved!.finishedAt).not.toBeNull();
    });
    test('lists by page, status and project', async () => {
      for (const id of ['b', 'a', 'c']) await store.createMigration(migration(id), event(id));
      const first = await store.listMigrations(SCOPE, { limit: 2 });
      expect(first.map((m) => m.id)).toEqual(['b', 'a']);
      expect((await store.listMigrations(SCOPE, { limit: 2, marker: 'a' })).map((m) => m.id)).toEqual(['c']);
      expect(await store.listMigrations(SCOPE, { limit: 9, status: ['running'] })).toEqual([]);
      expect(await store.getMigration('a', { projectId: 'p2' })).toBeNull();
    });
  });

  describe('leases', () => {
    test('a reservation becomes a lease only for the worker it names', async () => {
      await store.createMigration(migration('m1'), event('m1'));
      expect((await view(store)).waiting.map((m) => m.id)).toEqual(['m1']);
      const reserved = await reserve(store, 'm1', 'w1');
      expect(reserved).toMatchObject({ status: 'scheduled', workerId: 'w1' });
      expect(await reserve(store, 'm1', 'w2')).toBeNull();
      expect((await view(store)).waiting.map((m) => m.id)).toEqual([]);
      expect(await store.acquireLease('m1', 'w2', 60)).toBeNull();
      expect((await store.listReserved('w1')).map((m) => m.id)).toEqual(['m1']);
      const got = await store.acquireLease('m1', 'w1', 60);
      expect(got).toMatchObject({ lease: { epoch: 1 }, migration: { status: 'running' } });
      expect(await store.acquireLease('m1', 'w1', 60)).toBeNull();
      expect(await store.renewLease(got!.lease)).toEqual({ held: true, cancelRequested: false });
    });
    test('an expired lease is taken over and its predecessor is fenced off', async () => {
      const old = await leased('m1', 'w1', 0.02);
      await sleep(40);
      expect((await view(store)).waiting.map((m) => m.id)).toEqual(['m1']);
      await reserve(store, 'm1', 'w2');
      const next = await store.acquireLease('m1', 'w2', 60);
      expect(next!.lease.epoch).toBe(2);
      expect(await store.renewLease(old)).toEqual({ held: false, cancelRequested: false });
      const stale = [
        () => store.setPosition(old, 'running', 'copy', 'transfer', event('m1')),
        () => store.beginStep(old, 'transfer', event('m1')),
        () =>
          store.intendArtifact(old, {
            id: 'x',
            kind: 'port',
            side: 'destination',
            role: 'p',
            name: null,
            data: {},
          }),
        () => store.putDisks(old, []),
        () =>
          store.finishLease(
            old,
            { status: 'completed', phase: null, reason: null, error: null },
            event('m1'),
          ),
        () => store.addEvent(old, event('m1')),
      ];
      const before = await store.listEvents(SCOPE, { after: 0, limit: 100 });
      for (const write of stale) await expect(write()).rejects.toMatchObject({ code: 'lease_lost' });
      expect(await store.listEvents(SCOPE, { after: 0, limit: 100 })).toEqual(before);
      expect(await store.listArtifacts('m1')).toEqual([]);
    });
    test('a cancelling migration keeps its status when its worker is lost', async () => {
      const lease = await leased('m1', 'w1', 0.02);
      await store.requestCancel('m1', event('m1'));
      expect((await store.renewLease(lease)).cancelRequested).toBe(true);
      await store.setPosition(lease, 'cancelling', 'undo', null, event('m1'));
      await sleep(80);
      expect((await reserve(store, 'm1', 'w2'))!.status).toBe('cancelling');
      const next = await store.acquireLease('m1', 'w2', 60);
      expect(next!.migration).toMatchObject({ status: 'cancelling', cancelRequested: true });
      const done = await store.finishLease(
        next!.lease,
        { status: 'cancelled', phase: 'undo', reason: null, error: null },
        event('m1'),
      );
      expect(done).toMatchObject({ status: 'cancelled', workerId: null, cancelRequested: false });
    });
    test('several connections never lease the same migration twice', async () => {
      for (let n = 0; n < 5; n += 1) {
        const other = await again();
        if (other) others.push(other);
      }
      const stores = [store, ...others];
      for (let n = 0; n < 8; n += 1) await store.createMigration(migration(`m${n}`), event(`m${n}`));
      const won = await Promise.all(
        stores.flatMap((one, index) =>
          Array.from({ length: 8 }, async (_, n) => {
            const worker = `w${index}`;
            if (!(await reserve(one, `m${n}`, worker))) return null;
            return one.acquireLease(`m${n}`, worker, 60);
          }),
        ),
      );
      const ids = won.filter((one) => one !== null).map((one) => one.lease.migrationId);
      expect(ids.toSorted()).toEqual(Array.from({ length: 8 }, (_, n) => `m${n}`));
    });
    test('a failed migration frees its instance only when nothing of it is left', async () => {
      const failed = { status: 'failed' as const, phase: 'undo' as const, reason: 'x', error: null };
      const lease = await leased('m1');
      const artifact = {
        id: 'a1',
        kind: 'port' as const,
        side: 'destination' as const,
        role: 'p',
        name: null,
        data: {},
      };
      await store.intendArtifact(lease, artifact);
      await store.finishLease(lease, failed, event('m1'));
      const rival = migration('m2', { instanceRef: 'vm-m1' });
      await expect(store.createMigration(rival, event('m2'))).rejects.toMatchObject({ code: 'conflict' });
      await store.moveMigration('m1', ['failed'], { status: 'queued' }, event('m1'));
      await reserve(store, 'm1', 'w1');
      const again2 = await store.acquireLease('m1', 'w1', 60);
      await store.recordArtifact(again2!.lease, 'a1', { status: 'removed' });
      await store.finishLease(again2!.lease, failed, event('m1'));
      await store.createMigration(rival, event('m2'));
      await expect(
        store.moveMigration('m1', ['failed'], { status: 'queued' }, event('m1')),
      ).rejects.toMatchObject({ code: 'conflict' });
    });
  });

  describe('journal', () => {
    test('attempts count up; what a dead worker left running is failed', async () => {
      const first = await leased('m1', 'w1', 0.02);
      expect(await store.beginStep(first, 'preflight', event('m1'))).toMatchObject({ attempt: 1, epoch: 1 });
      await sleep(40);
      await reserve(store, 'm1', 'w2');
      const { lease } = (await store.acquireLease('m1', 'w2', 60))!;
      const second = await store.beginStep(lease, 'preflight', event('m1'));
      expect(second).toMatchObject({ attempt: 2, epoch: 2 });
      await store.finishStep(
        lease,
        'preflight',
        2,
        { status: 'done', output: { plan: [1] }, note: 'fits' },
        event('m1'),
      );
      const steps = await store.listSteps('m1');
      expect(steps.map((one) => [one.attempt, one.status])).toEqual([
        [1, 'failed'],
        [2, 'done'],
      ]);
      expect(steps[1]).toMatchObject({ output: { plan: [1] }, note: 'fits' });
    });
    test('an artifact is intended once per role until it is removed', async () => {
      const lease = await leased('m1');
      const port = (id: string) => ({
        id,
        kind: 'port' as const,
        side: 'destination' as const,
        role: 'port:4000',
        name: 'n',
        data: { spec: 1 },
      });
      expect(await store.intendArtifact(lease, port('a1'))).toMatchObject({ id: 'a1', status: 'intended' });
      expect(await store.intendArtifact(lease, port('a2'))).toMatchObject({ id: 'a1' });
      await store.recordArtifact(
        lease,
        'a1',
        { status: 'created', externalId: 'ext' },
        event('m1', 'artifact.created'),
      );
      await store.recordArtifact(lease, 'a1', { status: 'removed' });
      expect(await store.intendArtifact(lease, port('a2'))).toMatchObject({ id: 'a2' });
      const all = await store.listArtifacts('m1');
      expect(all.map((one) => [one.id, one.status, one.externalId])).toEqual([
        ['a1', 'removed', 'ext'],
        ['a2', 'intended', null],
      ]);
    });
    test('disks and passes are kept as given, also beyond 32 bits', async () => {
      const lease = await leased('m1');
      const disk = {
        migrationId: 'm1',
        diskKey: '2000',
        objectId: '1-2000',
        label: 'Hard disk 1',
        capacityBytes: 62 * 2 ** 40,
        bytesDone: 2 ** 40,
        bytesTotal: 62 * 2 ** 40,
        bytesRead: 1,
        bytesWritten: 1,
        bytesPerSecond: null,
        etaSeconds: null,
        state: 'copying' as const,
      };
      await store.putDisks(lease, [{ ...disk, diskKey: 'no longer there' }, disk]);
      await store.putDisks(lease, [{ ...disk, state: 'copied' }]);
      expect(await store.listDisks('m1')).toEqual([{ ...disk, state: 'copied' }]);
      const [moved, ...others] = await store.listMovedDisks({ projectId: 'p1' }, 0);
      expect([moved?.disk, others]).toEqual([{ ...disk, state: 'copied' }, []]);
      expect(await store.listMovedDisks({ projectId: 'p1' }, (moved?.at ?? 0) + 1)).toEqual([]);
      expect(await store.listMovedDisks({ projectId: 'another' }, 0)).toEqual([]);
      const pass = {
        migrationId: 'm1',
        diskKey: '2000',
        number: 1,
        kind: 'full' as const,
        transport: 'lease',
        capacityBytes: 62 * 2 ** 40,
        bytesRead: 2 ** 40,
        bytesWritten: 2 ** 40,
        changeId: null,
        trackingUuid: null,
        snapshotRef: null,
        manifest: { digests: ['00'] },
        verification: null,
        startedAt: '2026-01-01T00:00:00.000Z',
        finishedAt: null,
      };
      await store.putPass(lease, pass);
      await store.putPass(lease, { ...pass, verification: { mismatches: [] } });
      expect(await store.listPasses('m1')).toEqual([{ ...pass, verification: { mismatches: [] } }]);
    });
    test('what a console showed is kept as it is, at full length, until it is shown anew', async () => {
      const lease = await leased('m1');
      expect(await store.getConsole('m1')).toBeNull();
      // Four bytes each in UTF-8, and two characters of UTF-16; with escapes, as a guest writes them.
      const text = `\u001b[0mstart\u0007\r\n${'\u{1f642}'.repeat(16 * 1024 - 16)}\n\u009b end `;
      await store.putConsole(lease, { text: 'first', truncated: false });
      await store.putConsole(lease, { text, truncated: true });
      const kept = await store.getConsole('m1');
      expect(kept).toMatchObject({ text, truncated: true });
      expect(Math.abs(Date.parse(kept?.at ?? '') - Date.now())).toBeLessThan(60_000);
      expect(await store.getConsole('m2')).toBeNull();
      const stale = { ...lease, epoch: lease.epoch - 1 };
      await expect(store.putConsole(stale, { text: 'late', truncated: false })).rejects.toMatchObject({
        code: 'lease_lost',
      });
      expect(await store.getConsole('m1')).toEqual(kept);
    });
    test('a position off the table is a programming error', async () => {
      const lease = await leased('m1');
      await expect(store.setPosition(lease, 'committed', 'copy', null, event('m1'))).rejects.toMatchObject({
        code: 'internal',
      });
    });
  });

  describe('events and audit', () => {
    test('events grow by sequence and are filtered', async () => {
      await store.createMigration(migration('m1'), event('m1', 'one'));
      await store.createMigration(migration('m2'), event('m2', 'two'));
      const all = await store.listEvents(SCOPE, { after: 0, limit: 10 });
      expect(all.map((one) => one.type)).toEqual(['one', 'two']);
      expect(all[1]!.sequence).toBeGreaterThan(all[0]!.sequence);
      expect(await store.listEvents(SCOPE, { after: all[0]!.sequence, limit: 10 })).toHaveLength(1);
      expect(await store.listEvents(SCOPE, { after: 0, limit: 10, resourceId: 'm1' })).toHaveLength(1);
      expect((await store.listEvents(SCOPE, { after: 0, limit: 1, newest: true }))[0]!.type).toBe('two');
    });
    test('audit lines are kept in order', async () => {
      const entry = {
        projectId: 'p1',
        userId: null,
        requestId: 'r',
        action: 'migration.create',
        resourceId: 'm1',
        data: {},
      };
      await store.addAudit({ ...entry, id: 'x2' });
      await store.addAudit({ ...entry, id: 'x1' });
      expect((await store.listAudit(SCOPE, { limit: 10 })).map((one) => one.id)).toEqual(['x2', 'x1']);
      expect((await store.listAudit(SCOPE, { limit: 10, marker: 'x2' })).map((one) => one.id)).toEqual([
        'x1',
      ]);
    });
  });
}
