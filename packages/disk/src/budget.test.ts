import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Budget } from './budget.ts';

const never = new AbortController().signal;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('no more is out than the limit unless it is alone; who waits is served in order, and an abort lets the next pass', async () => {
  const request = fc.record({ cost: fc.integer({ min: 1, max: 15 }), abort: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(request, { maxLength: 25 }), async (requests) => {
      const budget = new Budget(10);
      const out: number[] = [];
      const order: number[] = [];
      const aborts = requests.map(() => new AbortController());
      const all = requests.map(async ({ cost }, index) => {
        const taken = await budget.take(cost, aborts[index]?.signal ?? never).catch(() => 'aborted');
        if (taken === 'aborted') return;
        out.push(cost);
        order.push(index);
      });
      await turn();
      for (const [index, { abort }] of requests.entries())
        if (abort && !order.includes(index)) aborts[index]?.abort();
      for (let left = requests.length; left >= 0; left -= 1) {
        await turn();
        const sum = out.reduce((total, cost) => total + cost, 0);
        expect(sum <= 10 || out.length === 1).toBe(true);
        const done = out.shift();
        if (done !== undefined) budget.give(done);
      }
      await Promise.all(all);
      expect(order).toEqual(order.toSorted((a, b) => a - b));
      expect(budget.load).toBe(out.reduce((total, cost) => total + cost, 0));
      expect(out).toEqual([]);
    }),
    { seed: 5, numRuns: 200 },
  );
});

test('all who wait are turned away with the reason', async () => {
  const budget = new Budget(1);
  await budget.take(1, never);
  const waiting = [budget.take(1, never), budget.take(1, never)];
  budget.failAll(new Error('over'));
  for (const one of waiting) await expect(one).rejects.toThrow('over');
  expect(budget.load).toBe(1);
});
