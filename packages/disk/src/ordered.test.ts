import { expect, test } from 'vitest';
import { collect } from '../test/support.ts';
import { mapOrdered } from './ordered.ts';

async function* count(to: number, log: string[] = []): AsyncGenerator<number> {
  try {
    for (let item = 0; item < to; item += 1) yield item;
  } finally {
    log.push('source closed');
  }
}
const turns = async (number: number): Promise<void> => {
  for (let turn = 0; turn < number; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

test('results keep their order, with no more than the allowed number at once', async () => {
  let running = 0;
  let most = 0;
  const results = await collect(
    mapOrdered(count(20), 4, async (item) => {
      running += 1;
      most = Math.max(most, running);
      await turns((item * 7) % 5);
      running -= 1;
      return item * 2;
    }),
  );
  expect(results).toEqual(Array.from({ length: 20 }, (_, item) => item * 2));
  expect(most).toBe(4);
});

test('the first failure in order is thrown, after everything started has settled and the source was closed', async () => {
  const log: string[] = [];
  const run = mapOrdered(count(20, log), 4, async (item) => {
    await turns(item === 2 ? 1 : 5);
    log.push(`settled ${item}`);
    if (item >= 2) throw new Error(`item ${item}`);
    return item;
  });
  await expect(collect(run)).rejects.toThrow('item 2');
  const settled = log.filter((line) => line.startsWith('settled')).length;
  await turns(10);
  expect(log.at(-1)).toBe('source closed');
  expect(log).toHaveLength(settled + 1);
});

test('what came before a failure of the source is still given', async () => {
  async function* failing(): AsyncGenerator<number> {
    yield* [1, 2];
    throw new Error('source broke');
  }
  const seen: number[] = [];
  const run = async () => {
    for await (const item of mapOrdered(failing(), 8, (item) => Promise.resolve(item))) seen.push(item);
  };
  await expect(run()).rejects.toThrow('source broke');
  expect(seen).toEqual([1, 2]);
});
