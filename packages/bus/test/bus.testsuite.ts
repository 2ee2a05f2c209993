import type { Bus, BusMessage } from '@guts/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

/** What core's `Bus` promises, against any implementation. */
export function busSuite(open: () => Promise<Bus>): void {
  let bus: Bus;
  /** Groups of one test are no other's. */
  let run = 0;
  const group = (name: string): { group: string } => ({ group: `${name}-${process.pid}-${run}` });
  const everything = { group: null };
  beforeEach(async () => {
    run += 1;
    bus = await open();
  });
  afterEach(() => bus.close());

  const listener = (who: string, seen: string[]) => (message: BusMessage) =>
    void seen.push(`${who}:${message.id}`);

  test('reaches everybody who listens to the topic, and nobody else', async () => {
    const seen: string[] = [];
    await bus.subscribe(['migration.queued'], everything, listener('a', seen));
    await bus.subscribe(['migration.queued', 'migration.action'], everything, listener('b', seen));
    await bus.publish({ topic: 'migration.action', id: '1' });
    await bus.publish({ topic: 'migration.queued', id: '2' });
    await bus.publish({ topic: 'operation.queued', id: '3' });
    await vi.waitFor(() => expect(seen.toSorted()).toEqual(['a:2', 'b:1', 'b:2']));
  });

  test('gives each message to one of a group', async () => {
    const seen: string[] = [];
    const shared = group('workers');
    for (const who of ['a', 'b']) await bus.subscribe(['operation.queued'], shared, listener(who, seen));
    await bus.subscribe(['operation.queued'], group('others'), listener('other', seen));
    for (let n = 0; n < 20; n += 1) await bus.publish({ topic: 'operation.queued', id: String(n) });
    await vi.waitFor(() => expect(seen).toHaveLength(40));
    const ids = (who: RegExp): string[] =>
      seen.filter((one) => who.test(one)).map((one) => one.split(':')[1] ?? '');
    const all = Array.from({ length: 20 }, (_, n) => String(n)).toSorted();
    expect(ids(/^[ab]:/).toSorted()).toEqual(all);
    expect(ids(/^other:/).toSorted()).toEqual(all);
    expect(ids(/^a:/).length).toBeGreaterThan(0);
    expect(ids(/^b:/).length).toBeGreaterThan(0);
  });

  test('tells whom a message is for', async () => {
    const seen: BusMessage[] = [];
    await bus.subscribe(['migration.scheduled'], everything, (message) => void seen.push(message));
    await bus.publish({ topic: 'migration.scheduled', id: 'm', to: 'worker-1.example' });
    const expected = [{ topic: 'migration.scheduled', id: 'm', to: 'worker-1.example' }];
    await vi.waitFor(() => expect(seen).toEqual(expected));
  });

  test('stops when told to', async () => {
    const seen: string[] = [];
    const stop = await bus.subscribe(['migration.action'], everything, listener('gone', seen));
    await bus.subscribe(['migration.action'], everything, listener('here', seen));
    await stop();
    await bus.publish({ topic: 'migration.action', id: '1' });
    await vi.waitFor(() => expect(seen).toEqual(['here:1']));
  });

  test('gives a message again to a handler that failed', async () => {
    const seen: string[] = [];
    await bus.subscribe(['migration.action'], group('again'), (message) => {
      seen.push(message.id);
      if (seen.length < 3) throw new Error('not now');
    });
    await bus.publish({ topic: 'migration.action', id: 'x' });
    await vi.waitFor(() => expect(seen).toEqual(['x', 'x', 'x']), 5000);
  });

  test('counts what no handler took, and nothing else', async () => {
    const before = (await bus.deadLetters()) ?? NaN;
    const seen: string[] = [];
    await bus.subscribe(['migration.action'], group('poison'), ({ id }) => {
      seen.push(id);
      if (id === 'bad' || seen.length === 1) throw new Error('not now');
    });
    await bus.publish({ topic: 'migration.action', id: 'good' });
    await bus.publish({ topic: 'migration.action', id: 'bad' });
    await vi.waitFor(async () => expect(await bus.deadLetters()).toBe(before + 1), 20_000);
    expect(seen.filter((id) => id === 'bad')).toHaveLength(5);
    expect(seen).toContain('good');
    await bus.close();
    expect(await bus.deadLetters()).toBeNull();
  }, 30_000);

  test('is well while it is open, and says so when closed', async () => {
    expect(bus.health()).toMatchObject({ connected: true, detail: null });
    await bus.close();
    await expect(bus.publish({ topic: 'migration.action', id: '1' })).rejects.toMatchObject({
      code: 'bus_unavailable',
    });
    await expect(bus.subscribe(['migration.action'], everything, () => undefined)).rejects.toMatchObject({
      code: 'bus_unavailable',
    });
  });
}
