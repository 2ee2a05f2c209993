import type { Store } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { event as eventOf } from './fixtures.ts';

const event = eventOf('s');

/** What keys are rotated with, against any implementation. */
export function sealedSuite(open: () => Promise<{ store: Store }>): void {
  describe('sealed texts', () => {
    let store: Store;
    beforeEach(async () => {
      ({ store } = await open());
      await store.upgrade();
      for (const id of ['a', 'b', 'c'])
        await store.createEndpoint(
          {
            id,
            projectId: 'p',
            side: 'source',
            name: id,
            driver: 'd',
            settings: {},
            sealedSecret: `guts1.old.${id}`,
          },
          event,
        );
      await store.takeKey(
        { projectId: 'p', userId: null, key: 'k' },
        { baseId: 'b', sealedDigest: 'guts1.old.d' },
        60,
      );
    });
    afterEach(() => store.close());

    test('are listed in pages, and all that do not begin so', async () => {
      const page = await store.listSealed('endpoints', { after: ['a'], limit: 1 });
      expect(page).toEqual([
        {
          table: 'endpoints',
          key: ['b'],
          context: 'source:b',
          name: 'source "b" (b)',
          sealed: 'guts1.old.b',
        },
      ]);
      const [first] = await store.listSealed('endpoints', { after: null, limit: 1 });
      if (!first) throw new Error('nothing is listed');
      expect(await store.replaceSealed(first, 'guts1.new.a')).toBe(true);
      const others = { notBeginning: 'guts1.new.', after: null, limit: 9 };
      expect((await store.listSealed('endpoints', others)).map(({ key }) => key[0])).toEqual(['b', 'c']);
      const [digest] = await store.listSealed('idempotency_keys', others);
      expect(digest).toMatchObject({ context: 'idempotency:p', sealed: 'guts1.old.d' });
      if (!digest) throw new Error('nothing is listed');
      expect(await store.replaceSealed(digest, 'guts1.new.d')).toBe(true);
      expect(await store.listSealed('idempotency_keys', others)).toEqual([]);
    });

    test('a row that goes meanwhile moves none out of sight', async () => {
      const [first] = await store.listSealed('endpoints', { after: null, limit: 1 });
      await store.deleteEndpoint('source', 'a', event);
      const rest = await store.listSealed('endpoints', { after: first?.key ?? null, limit: 9 });
      expect(rest.map(({ key }) => key[0])).toEqual(['b', 'c']);
    });

    test('digests are passed key by key, of whatever project and user', async () => {
      for (const [projectId, userId, key] of [
        ['o', 'z', 'z'],
        ['p', 'u', 'a'],
      ] as const)
        await store.takeKey({ projectId, userId, key }, { baseId: 'b', sealedDigest: 'guts1.old.e' }, 60);
      const seen: string[] = [];
      for (let after: readonly string[] | null = null; ;) {
        const [row] = await store.listSealed('idempotency_keys', { after, limit: 1 });
        if (!row) break;
        seen.push(row.key.join('/'));
        after = row.key;
      }
      expect(seen).toEqual(['o/z/z', 'p//k', 'p/u/a']);
    });

    test('one that was changed meanwhile stays', async () => {
      const [row] = await store.listSealed('endpoints', { after: null, limit: 1 });
      if (!row) throw new Error('nothing is listed');
      const before = await store.getEndpoint('source', 'a', { projectId: null });
      await store.updateEndpoint('source', 'a', { sealedSecret: 'guts1.new.changed' });
      expect(await store.replaceSealed(row, 'guts1.new.a')).toBe(false);
      expect(await store.sealedSecret('source', 'a')).toBe('guts1.new.changed');
      expect(before).not.toBeNull();
    });
  });
}
