import type { Store } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { event as eventOf, sleep } from './fixtures.ts';

const event = eventOf('s');

/** Reading on in the events, against any implementation. */
export function cursorsSuite(open: () => Promise<{ store: Store }>): void {
  describe('cursors', () => {
    let store: Store;
    beforeEach(async () => {
      ({ store } = await open());
      await store.upgrade();
    });
    afterEach(() => store.close());

    const create = (id: string) =>
      store.createEndpoint(
        { id, projectId: 'p', side: 'source', name: id, driver: 'd', settings: {}, sealedSecret: 's' },
        event,
      );

    test('a new one begins behind the newest event; one owner holds it until it lets go', async () => {
      await create('a');
      const [newest] = await store.listEvents({ projectId: null }, { after: 0, limit: 1, newest: true });
      const at = newest?.sequence ?? 0;
      expect(at).toBeGreaterThan(0);
      const both = await Promise.all(['x', 'y'].map((owner) => store.holdCursor('c', owner, 60)));
      expect(both.filter((one) => one !== null)).toEqual([at]);
      const [holder, other] = both[0] === null ? ['y', 'x'] : ['x', 'y'];
      await create('b');
      expect(await store.holdCursor('c', holder ?? '', 60)).toBe(at);
      expect(await store.moveCursor('c', other ?? '', at + 1)).toBe(false);
      expect(await store.moveCursor('c', holder ?? '', at + 1)).toBe(true);
      await store.releaseCursor('c', other ?? '');
      expect(await store.holdCursor('c', other ?? '', 60)).toBeNull();
      await store.releaseCursor('c', holder ?? '');
      expect(await store.holdCursor('c', other ?? '', 60)).toBe(at + 1);
    });

    test('a hold that passed is free for another, and its owner moves nothing any more', async () => {
      expect(await store.holdCursor('c', 'x', 0.05)).toBe(0);
      await sleep(120);
      expect(await store.holdCursor('c', 'y', 60)).toBe(0);
      expect(await store.moveCursor('c', 'x', 5)).toBe(false);
    });
  });
}
