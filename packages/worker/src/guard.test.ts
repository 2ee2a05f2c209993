import { expect, test } from 'vitest';
import { guarded } from './guard.ts';

class Thing {
  #calls = 0;
  readonly project = { id: 'p' };
  act(): number {
    this.#calls += 1;
    return this.#calls;
  }
  async *list(): AsyncGenerator<number> {
    yield await Promise.resolve(1);
  }
  close(): string {
    return 'closed';
  }
}

test('every call asks first, except those that end things', async () => {
  let held = true;
  const thing = guarded(new Thing(), () => {
    if (!held) throw new Error('the lease is lost');
  });
  expect(thing.act()).toBe(1);
  expect(thing.project.id).toBe('p');
  for await (const one of thing.list()) expect(one).toBe(1);
  held = false;
  expect(() => thing.act()).toThrow('the lease is lost');
  expect(() => thing.list()).toThrow('the lease is lost');
  expect(thing.close()).toBe('closed');
  expect(thing.project.id).toBe('p');
});
