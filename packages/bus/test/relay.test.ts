import { type Bus, type BusMessage, GutsError, type OutboxStore, SILENT_LOG } from '@guts/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { OutboxRelay } from '../src/index.ts';
import { clock } from './clock.ts';

/** An outbox in memory, and a bus that can be away. */
let rows: { id: number; message: BusMessage; claimed: boolean }[];
let sent: string[];
let away: boolean;
let relay: OutboxRelay;

const store: OutboxStore = {
  claimOutbox: (_owner, limit) => {
    const taken = rows.filter((row) => !row.claimed).slice(0, limit);
    for (const row of taken) row.claimed = true;
    return Promise.resolve(taken.map(({ id, message }) => ({ id, message })));
  },
  settleOutbox: (ids) => {
    rows = rows.filter((row) => !ids.includes(row.id));
    // The claims of what was not published pass.
    for (const row of rows) row.claimed = false;
    return Promise.resolve();
  },
  outboxState: () => Promise.resolve({ pending: rows.length, oldestSeconds: null }),
};
const bus: Pick<Bus, 'publish'> = {
  publish: ({ id }) => {
    if (away) return Promise.reject(new GutsError('bus_unavailable', 'the broker is away'));
    sent.push(id);
    return Promise.resolve();
  },
};
const put = (count: number): void => {
  for (let n = 0; n < count; n += 1) {
    const id = rows.length + sent.length + 1;
    rows.push({ id, message: { topic: 'migration.queued', id: String(id) }, claimed: false });
  }
};

beforeEach(() => {
  rows = [];
  sent = [];
  away = false;
  relay = new OutboxRelay({
    store,
    bus: bus as Bus,
    clock,
    log: SILENT_LOG,
    owner: 'r',
    pollMilliseconds: 20,
  });
});
afterEach(() => relay.stop());

test('carries everything to the bus, in order, more than one batch too', async () => {
  put(250);
  relay.start();
  await vi.waitFor(() => expect(sent).toHaveLength(250));
  expect(sent).toEqual(sent.toSorted((a, b) => Number(a) - Number(b)));
  expect(rows).toEqual([]);
});

test('with the bus away nothing is lost, and it goes on when it is back', async () => {
  away = true;
  put(5);
  relay.start();
  await new Promise((done) => setTimeout(done, 100));
  expect(rows).toHaveLength(5);
  away = false;
  await vi.waitFor(() => expect(sent).toHaveLength(5), 5000);
  expect(rows).toEqual([]);
});

test('a nudge is not slept through', async () => {
  await relay.stop();
  relay = new OutboxRelay({
    store,
    bus: bus as Bus,
    clock,
    log: SILENT_LOG,
    owner: 'r',
    pollMilliseconds: 60_000,
  });
  relay.start();
  await new Promise((done) => setTimeout(done, 20));
  put(1);
  relay.nudge();
  await vi.waitFor(() => expect(sent).toEqual(['1']));
});
