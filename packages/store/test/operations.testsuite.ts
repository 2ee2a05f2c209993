import type { OperationLease, Store } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { event, SCOPE, sleep } from './fixtures.ts';

/** Operations, and the inventory that refreshes write, against any implementation. */
export function operationsSuite(open: () => Promise<{ store: Store }>): void {
  let store: Store;

  beforeEach(async () => {
    ({ store } = await open());
    await store.upgrade();
  });
  afterEach(() => store.close());

  describe('operations', () => {
    const operation = (id: string) => ({
      id,
      projectId: 'p1',
      kind: 'source.validate' as const,
      subjectId: `s-${id}`,
      input: { deep: true },
    });
    test('are claimed once, oldest first, and again when the lease has passed', async () => {
      expect(await store.claimOperation('w1', 60)).toBeNull();
      await store.createOperation(operation('o1'), event('o1'));
      await store.createOperation(operation('o2'), event('o2'));
      expect(await store.claimOperation('w1', 0.05)).toMatchObject({ id: 'o1', status: 'running', epoch: 1 });
      expect(await store.claimOperation('w1', 60)).toMatchObject({ id: 'o2' });
      await sleep(80);
      expect(await store.claimOperation('w2', 60)).toMatchObject({ id: 'o1', epoch: 2, workerId: 'w2' });
      expect(await store.renewOperation('o1', 1, 60, 'half')).toBe(false);
      expect(await store.renewOperation('o1', 2, 60, 'half')).toBe(true);
      expect(await store.finishOperation('o1', 1, { status: 'done' }, event('o1'))).toBe(false);
      expect(await store.finishOperation('o1', 2, { status: 'done', result: { n: 1 } }, event('o1'))).toBe(
        true,
      );
      expect(await store.getOperation('o1', SCOPE)).toMatchObject({
        status: 'done',
        result: { n: 1 },
        progress: 'half',
      });
    });
  });

  test('an operation can be given up in the middle', async () => {
    const kind = 'source.validate' as const;
    await store.createOperation({ id: 'o1', projectId: 'p1', kind, subjectId: 's1', input: {} }, event('o1'));
    await store.claimOperation('w1', 60);
    expect(await store.requeueOperation('o1', 2)).toBe(false);
    expect(await store.requeueOperation('o1', 1)).toBe(true);
    expect(await store.getOperation('o1', SCOPE)).toMatchObject({ status: 'queued', workerId: null });
    expect(await store.claimOperation('w2', 60)).toMatchObject({ id: 'o1', epoch: 2 });
  });

  describe('inventory', () => {
    const network = (ref: string, name: string) => ({
      kind: 'network' as const,
      data: { ref, name, kind: 'portgroup' },
    });
    async function refresh(id: string, seconds = 60): Promise<OperationLease> {
      const kind = 'source.refresh' as const;
      await store.createOperation({ id, projectId: 'p1', kind, subjectId: 's1', input: {} }, event(id));
      const claimed = await store.claimOperation('w1', seconds);
      expect(claimed?.id).toBe(id);
      return { operationId: id, epoch: claimed!.epoch };
    }
    const done = (id: string) => store.finishOperation(id, 1, { status: 'done' }, event(id));

    test('what a refresh did not see is dropped at its end', async () => {
      const first = await refresh('g1');
      await store.putInventory('s1', first, [network('n1', 'VM Network'), network('n2', '100%_odd')]);
      await store.finishInventory('s1', first);
      await done('g1');
      const second = await refresh('g2');
      await store.putInventory('s1', second, [network('n2', '100%_odd renamed')]);
      expect(await store.listInventory('s1', 'network', { limit: 10 })).toHaveLength(2);
      await store.finishInventory('s1', second);
      await done('g2');
      const left = await store.listInventory('s1', 'network', { limit: 10 });
      expect(left.map((row) => row.name)).toEqual(['100%_odd renamed']);
      expect(await store.listInventory('s1', 'network', { limit: 10, search: '0%_O' })).toHaveLength(1);
      expect(await store.listInventory('s1', 'network', { limit: 10, search: '0_%' })).toHaveLength(0);
      expect(await store.getInventory('s1', 'network', 'n1')).toBeNull();
    });

    test('one refresh of a source at a time, and none by who lost it', async () => {
      const lost = await refresh('g1', 0.05);
      const kind = 'source.refresh' as const;
      const other = { id: 'g2', projectId: 'p1', kind, subjectId: 's1', input: {} };
      await store.createOperation(other, event('g2'));
      expect(await store.claimOperation('w2', 60)).toBeNull();
      await sleep(80);
      expect(await store.claimOperation('w2', 60)).toMatchObject({ id: 'g1', epoch: 2 });
      expect(await store.claimOperation('w3', 60)).toBeNull();
      const late = store.putInventory('s1', lost, [network('n9', 'late')]);
      await expect(late).rejects.toMatchObject({ code: 'lease_lost' });
      await expect(store.finishInventory('s1', lost)).rejects.toMatchObject({ code: 'lease_lost' });
      expect(await store.listInventory('s1', 'network', { limit: 10 })).toEqual([]);
    });
  });
}
