import type { ApiClient, Throughput } from '@guts/contract';
import { expect, test } from 'vitest';
import { askOne } from './history.ts';
import { seriesOf } from './series.ts';

const told: Throughput = {
  since: '1970-01-01T00:16:40.000Z',
  until: '1970-01-01T00:16:43.000Z',
  seconds: 20,
  points: [{ at: '1970-01-01T00:16:40.000Z', bytes: 400 }],
};
const client = { call: () => Promise.resolve({ throughput: told }) } as unknown as ApiClient;

test('of a migration that took three seconds a peak is drawn, between nothing and nothing', async () => {
  const history = await askOne(client, 'm1', true, new AbortController().signal);
  expect(seriesOf(history, new Map(), history.until)).toEqual({ at: [990, 1010, 1030], values: [0, 20, 0] });
});

test("of one that runs the end is now, by the server's clock", async () => {
  const before = Date.now() / 1000;
  const { until, ahead } = await askOne(client, 'm1', false, new AbortController().signal);
  expect(until).toBe(1003);
  expect(Math.abs(until - ahead - before)).toBeLessThan(5);
});
