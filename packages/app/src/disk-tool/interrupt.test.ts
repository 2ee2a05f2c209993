import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { interruptible } from './interrupt.ts';

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

test('the first interrupt aborts, the second ends the process, and nobody listens afterwards', async () => {
  const process = new FakeProcess();
  const work = interruptible(process, async (signal) => {
    process.emit('SIGINT');
    expect(signal.reason).toMatchObject({ code: 'cancelled' });
    expect(process.exits).toEqual([]);
    process.emit('SIGTERM');
    expect(process.exits).toEqual([130]);
    throw await Promise.resolve(signal.reason);
  });
  await expect(work).rejects.toMatchObject({ code: 'cancelled' });
  expect(process.listenerCount('SIGINT') + process.listenerCount('SIGTERM')).toBe(0);
});
