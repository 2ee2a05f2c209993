import type { Store } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sleep } from './fixtures.ts';

/** What core's `ServiceStore` promises, against any implementation. */
export function servicesSuite(open: () => Promise<{ store: Store }>): void {
  let store: Store;
  beforeEach(async () => {
    ({ store } = await open());
    await store.upgrade();
  });
  afterEach(() => store.close());

  describe('services', () => {
    const service = {
      id: 'w1',
      binary: 'guts-migration' as const,
      host: 'h',
      version: '1',
      slots: 2,
      scratchBytes: null,
      bytesPerSecond: 5e9,
      drivers: [],
    };
    test('are alive while their heartbeat is fresh and stay disabled across heartbeats', async () => {
      await store.heartbeat(service);
      expect(await store.listServices(60)).toMatchObject([{ id: 'w1', alive: true, disabled: false }]);
      const change = { disabled: true, draining: true, reason: 'repair' };
      expect(await store.setServiceDisabled('w1', change)).toMatchObject({
        disabled: true,
        bytesPerSecond: 5e9,
      });
      expect(await store.heartbeat(service)).toMatchObject({ disabled: true, draining: true });
      await sleep(30);
      expect(await store.listServices(0.01)).toMatchObject([
        { alive: false, disabled: true, disabledReason: 'repair' },
      ]);
      expect(await store.setServiceDisabled('nobody', change)).toBeNull();
      await store.removeService('w1');
      expect(await store.listServices(60)).toEqual([]);
    });
    describe('that start again under a new id', () => {
      const beat = (id: string, more: Partial<typeof service> = {}) =>
        store.heartbeat({ ...service, id, ...more });
      const disable = (id: string, draining = false) =>
        store.setServiceDisabled(id, { disabled: true, draining, reason: 'repair' });
      const enable = (id: string) =>
        store.setServiceDisabled(id, { disabled: false, draining: false, reason: null });
      const list = async () => (await store.listServices(60)).map(({ id, disabled }) => ({ id, disabled }));

      test('are disabled as before, after an end and after a crash', async () => {
        await beat('w1');
        await disable('w1', true);
        await store.endService('w1');
        expect(await store.listServices(60)).toMatchObject([
          { id: 'stopped-w1', alive: false, disabled: true, disabledReason: 'repair' },
        ]);
        expect(await beat('w2')).toMatchObject({ disabled: true, draining: true });
        // Not ended: its heartbeat is as fresh as that of one that lives.
        expect(await beat('w3')).toMatchObject({ disabled: true, draining: true });
        expect(await store.listServices(60)).toMatchObject([
          { id: 'w2', disabled: true, disabledReason: 'repair' },
          { id: 'w3', disabled: true, disabledReason: 'repair' },
        ]);
      });
      test('are enabled when an operator has enabled one since', async () => {
        await beat('w1');
        await disable('w1');
        await store.endService('w1');
        await beat('w2');
        await enable('w2');
        await store.endService('w2');
        expect(await list()).toEqual([]);
        expect(await beat('w3')).toMatchObject({ disabled: false, draining: false });
      });
      test('are enabled when the mark of the one that stopped was enabled or forgotten', async () => {
        for (const letGo of [enable, (id: string) => store.removeService(id)]) {
          await beat('w1');
          await disable('w1');
          await store.endService('w1');
          await letGo('stopped-w1');
          expect(await beat('w2')).toMatchObject({ disabled: false });
          expect(await list()).toEqual([{ id: 'w2', disabled: false }]);
          await store.endService('w2');
        }
      });
      test('are enabled while an enabled one of the host lives, whatever ends when', async () => {
        await beat('a');
        await beat('b');
        await disable('a');
        expect(await beat('c')).toMatchObject({ disabled: false });
        await store.endService('a');
        await store.endService('c');
        expect(await list()).toEqual([{ id: 'b', disabled: false }]);
        await store.endService('b');
        expect(await beat('d')).toMatchObject({ disabled: false });
      });
      test('are all disabled when all of the host were', async () => {
        for (const id of ['a', 'b']) await beat(id);
        for (const id of ['a', 'b']) await disable(id);
        for (const id of ['a', 'b']) await store.endService(id);
        expect(await beat('c')).toMatchObject({ disabled: true });
        expect(await beat('d')).toMatchObject({ disabled: true });
        expect(await list()).toEqual([
          { id: 'c', disabled: true },
          { id: 'd', disabled: true },
        ]);
      });
      const limit = (id: string, bytes: number | null) => store.setServiceLimit(id, bytes);
      const limits = async () =>
        (await store.listServices(60)).map(({ id, bytesPerSecondLimit }) => [id, bytesPerSecondLimit]);

      test('are limited as before, after an end and after a crash', async () => {
        expect(await beat('w1')).toEqual({ disabled: false, draining: false, bytesPerSecondLimit: null });
        expect(await limit('w1', 5e9)).toMatchObject({ bytesPerSecondLimit: 5e9 });
        expect(await beat('w1')).toMatchObject({ bytesPerSecondLimit: 5e9 });
        await store.endService('w1');
        expect(await store.listServices(60)).toMatchObject([
          { id: 'stopped-w1', alive: false, disabled: false, bytesPerSecondLimit: 5e9 },
        ]);
        expect(await beat('w2')).toEqual({ disabled: false, draining: false, bytesPerSecondLimit: 5e9 });
        expect(await beat('w3')).toMatchObject({ bytesPerSecondLimit: 5e9 });
        expect(await limits()).toEqual([
          ['w2', 5e9],
          ['w3', 5e9],
        ]);
        expect(await limit('nobody', 1)).toBeNull();
      });
      test('have no limit when it was taken from one since, or one without a limit lives', async () => {
        await beat('a');
        await beat('b');
        await limit('a', 7);
        expect(await beat('c')).toMatchObject({ bytesPerSecondLimit: null });
        await store.endService('a');
        await store.endService('c');
        expect(await limits()).toEqual([['b', null]]);
        await limit('b', 7);
        await store.endService('b');
        expect(await limit('stopped-b', null)).toMatchObject({ bytesPerSecondLimit: null });
        expect(await beat('d')).toMatchObject({ bytesPerSecondLimit: null });
      });
      test('are limited as one of the host was last, though another one that died was newer', async () => {
        await beat('a');
        await beat('b');
        await limit('b', 7);
        await limit('a', 7);
        await store.endService('b');
        await limit('a', 9);
        await store.endService('a');
        expect(await beat('c')).toMatchObject({ bytesPerSecondLimit: 9 });
      });
      test('keep what disables them and what limits them apart', async () => {
        await beat('w1');
        await disable('w1');
        await limit('w1', 7);
        await store.endService('w1');
        await enable('stopped-w1');
        expect(await beat('w2')).toEqual({ disabled: false, draining: false, bytesPerSecondLimit: 7 });
        await disable('w2');
        await limit('w2', null);
        await store.endService('w2');
        expect(await beat('w3')).toEqual({ disabled: true, draining: false, bytesPerSecondLimit: null });
        // An enabled one that ends takes the mark of the dead ones, not their limit.
        await limit('w3', 7);
        await enable('w3');
        await store.endService('w3');
        expect(await store.listServices(60)).toMatchObject([
          { id: 'stopped-w3', disabled: false, bytesPerSecondLimit: 7 },
        ]);
      });
      test('have nothing of another host or binary', async () => {
        await beat('w1');
        await disable('w1');
        await limit('w1', 7);
        await store.endService('w1');
        expect(await beat('w2', { host: 'h2' })).toMatchObject({
          disabled: false,
          bytesPerSecondLimit: null,
        });
        expect(await store.heartbeat({ ...service, id: 's', binary: 'guts-scheduler' })).toMatchObject({
          disabled: false,
        });
        expect(await list()).toContainEqual({ id: 'stopped-w1', disabled: true });
      });
    });
  });
}
