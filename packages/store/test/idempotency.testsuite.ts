import type { Store } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sleep } from './fixtures.ts';

/** Requests that are sent again, against any implementation. */
export function idempotencySuite(open: () => Promise<{ store: Store }>): void {
  describe('idempotency keys', () => {
    let store: Store;
    beforeEach(async () => {
      ({ store } = await open());
      await store.upgrade();
    });
    afterEach(() => store.close());
    const owner = { projectId: 'p1', userId: null, key: 'k' };
    const first = { baseId: 'base', sealedDigest: 'sealed' };
    const second = { baseId: 'other', sealedDigest: 'other' };

    test('one request takes a key; who comes later gets its answer', async () => {
      expect(await store.takeKey(owner, first, 60)).toEqual({
        taken: true,
        resumed: false,
        ...first,
        answer: null,
      });
      expect(await store.takeKey(owner, second, 60)).toEqual({
        taken: false,
        resumed: false,
        ...first,
        answer: null,
      });
      await store.answerKey(owner, { status: 202, body: { migration: { id: 'base' } } });
      expect(await store.takeKey(owner, second, 0)).toEqual({
        taken: false,
        resumed: false,
        ...first,
        answer: { status: 202, body: { migration: { id: 'base' } } },
      });
    });
    test('of many at once exactly one takes it', async () => {
      const all = await Promise.all(Array.from({ length: 8 }, () => store.takeKey(owner, first, 60)));
      expect(all.filter(({ taken }) => taken)).toHaveLength(1);
    });
    test('are of one user of one project', async () => {
      await store.takeKey(owner, first, 60);
      for (const other of [
        { ...owner, projectId: 'p2' },
        { ...owner, userId: 'u' },
        { ...owner, key: 'K' },
      ])
        expect(await store.takeKey(other, second, 60)).toMatchObject({ taken: true, baseId: 'other' });
    });
    test('a request that was never answered is taken over, with its ids', async () => {
      await store.takeKey(owner, first, 60);
      await sleep(30);
      expect(await store.takeKey(owner, second, 0.01)).toMatchObject({
        taken: true,
        resumed: true,
        baseId: 'base',
      });
    });
    test('given up, it is free: at once for the same request, or for any', async () => {
      await store.takeKey(owner, first, 60);
      await store.dropKey(owner, false);
      expect(await store.takeKey(owner, second, 60)).toMatchObject({
        taken: true,
        resumed: true,
        baseId: 'base',
      });
      await store.dropKey(owner, true);
      expect(await store.takeKey(owner, second, 60)).toMatchObject({
        taken: true,
        resumed: false,
        baseId: 'other',
      });
      await store.answerKey(owner, { status: 201, body: null });
      await store.dropKey(owner, true);
      expect(await store.takeKey(owner, first, 60)).toMatchObject({ answer: { status: 201, body: null } });
    });
  });
}
