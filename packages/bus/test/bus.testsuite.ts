import type { Bus, BusMessage } from '@guts/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

/** What core's `Bus` promises, against any implementation. */
export function busSuite(open: () => Promise<Bus>): void {
  let bus: Bus;
  beforeEach(async () => {
    bus = await open();
  });
  afterEach(() => bus.close());

  test('reaches everybody who listens to the topic, and nobody else', async () => {
    const seen: string[] = [];
    const listen = (who: string) => (message: BusMessage) => void seen.push(`${who}:${message.id}`);
    await bus.subscribe(['migration.queued'], listen('a'));
    await bus.subscribe(['migration.queued', 'event'], listen('b'));
    await bus.publish({ topic: 'event', id: '1' });
    await bus.publish({ topic: 'migration.queued', id: '2' });
    await bus.publish({ topic: 'operation.queued', id: '3' });
    await vi.waitFor(() => expect(seen.toSorted()).toEqual(['a:2', 'b:1', 'b:2']));
  });
  test('stops when told to', async () => {
    const seen: string[] = [];
    const stop = await bus.subscribe(['event'], (message) => void seen.push(`gone:${message.id}`));
    await bus.subscribe(['event'], (message) => void seen.push(`here:${message.id}`));
    await stop();
    await bus.publish({ topic: 'event', id: '1' });
    await vi.waitFor(() => expect(seen).toEqual(['here:1']));
  });
  test('says so when closed', async () => {
    await bus.close();
    await expect(bus.publish({ topic: 'event', id: '1' })).rejects.toThrow(/closed/);
  });
}
