import { expect, test } from 'vitest';
import { type CopyClock } from '../src/index.ts';
import { reading, serve, signal, sparse, turnsUntil, writing } from './nbd-rig.ts';
import { dataChunk, errorChunk, simpleReply } from './nbd-messages.ts';
import { type FakeRequest } from './nbd-server.ts';
import { noise } from './support.ts';

/** Time that moves when it is told to. */
class Clock implements CopyClock {
  now = 0;
  readonly sleeping = new Set<{ readonly until: number; readonly wake: () => void }>();
  monotonic(): number {
    return this.now;
  }
  sleep(milliseconds: number, until?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { until: this.now + milliseconds, wake: resolve };
      this.sleeping.add(sleeper);
      until?.addEventListener('abort', () => {
        this.sleeping.delete(sleeper);
        reject(until.reason as Error);
      });
      if (until?.aborted === true) reject(until.reason as Error);
    });
  }
  pass(milliseconds: number): void {
    this.now += milliseconds;
    for (const sleeper of this.sleeping)
      if (sleeper.until <= this.now) {
        this.sleeping.delete(sleeper);
        sleeper.wake();
      }
  }
}

const disk = noise(65_536, 7);
const one = { connections: 1, readAttempts: 1 } as const;
test('silence is noticed by the clock, and each way differently', async () => {
  const clock = new Clock();
  const server = await serve({
    exports: { '': { disk } },
    onRequest: ({ type, offset }) => (type === 0 && offset === 0 ? 'silence' : undefined),
  });
  const options = { ...one, clock, stallSeconds: 60, requestSeconds: 150 };
  const reader = await reading(server, options);
  let outcome: unknown;
  const stuck = reader.read(0, new Uint8Array(10), signal).catch((error: unknown) => {
    outcome = error;
  });
  await turnsUntil(() => clock.sleeping.size === 1);
  // Others move, so the server is not dead; but one request must not wait for ever.
  for (let time = 0; time < 150; time += 30) {
    expect(outcome).toBeUndefined();
    await reader.read(10, new Uint8Array(10), signal);
    clock.pass(30_000);
    await turnsUntil(() => clock.sleeping.size === 1 || outcome !== undefined);
  }
  await stuck;
  expect(outcome).toMatchObject({ code: 'nbd_stalled', retryable: true });
  expect((outcome as Error).message).toContain('read bytes 0 to 10');
  // Alone, it is given up after the shorter time.
  const alone = reader.read(0, new Uint8Array(10), signal).catch((error: unknown) => error);
  await turnsUntil(() => server.served.filter(({ offset, type }) => type === 0 && offset === 0).length === 2);
  await turnsUntil(() => clock.sleeping.size === 1);
  clock.pass(59_999);
  await new Promise((resolve) => setTimeout(resolve, 10));
  clock.pass(1);
  expect(await alone).toMatchObject({ code: 'nbd_stalled' });
});

test('an abort stops a request, wherever it stands, and what comes late touches nothing', async () => {
  const server = await serve({
    exports: { '': { disk } },
    onRequest: ({ type, offset }) => {
      if (type !== 0 || offset !== 0) return undefined;
      return 'silence';
    },
  });
  const reader = await reading(server, { ...one, bytesInFlight: 10_000 });
  const stop = new AbortController();
  const buffer = new Uint8Array(8000);
  const first = reader.read(0, buffer, stop.signal);
  // There is no room for the second: it waits its turn.
  const second = reader.read(0, new Uint8Array(8000), stop.signal);
  await turnsUntil(() => server.served.length === 1);
  stop.abort(new Error('enough'));
  await expect(first).rejects.toThrow('enough');
  await expect(second).rejects.toThrow('enough');
  expect(server.served).toHaveLength(1);
});

test('a reply that comes after the abort is passed over, and the connection goes on', async () => {
  const held: FakeRequest[] = [];
  const server = await serve({
    exports: { '': { disk } },
    onRequest: (request) => {
      if (request.type !== 0) return undefined;
      held.push(request);
      if (held.length < 2) return [];
      const last = held[1]!;
      // First the data of the request that was given up.
      return [
        dataChunk(held[0]!.cookie, true, 0, disk.subarray(0, 5000)),
        dataChunk(last.cookie, true, last.offset, disk.subarray(last.offset, last.offset + last.length)),
      ];
    },
  });
  const reader = await reading(server, one);
  const stop = new AbortController();
  const buffer = new Uint8Array(5000);
  const given = reader.read(0, buffer, stop.signal).catch((error: unknown) => error);
  await turnsUntil(() => held.length === 1);
  stop.abort(new Error('enough'));
  expect(await given).toMatchObject({ message: 'enough' });
  const other = new Uint8Array(300);
  await reader.read(600, other, signal);
  expect(Buffer.compare(other, disk.subarray(600, 900))).toBe(0);
  expect(buffer.every((byte) => byte === 0)).toBe(true);
  expect(server.connections).toBe(1);
});

test('no more is under way than the budget allows', async () => {
  let under = 0;
  let most = 0;
  const server = await serve({
    exports: { '': { disk } },
    unruly: 3,
    onRequest: ({ type, length }) => {
      if (type !== 0) return undefined;
      under += length;
      most = Math.max(most, under);
      // The reply follows in a later turn; by then as much has come as ever will.
      setImmediate(() => (under -= length));
      return undefined;
    },
  });
  const reader = await reading(server, { ...one, bytesInFlight: 20_000, requestBytes: 1000 });
  const whole = new Uint8Array(65_536);
  await reader.read(0, whole, signal);
  expect(Buffer.compare(whole, disk)).toBe(0);
  expect(most).toBeLessThanOrEqual(20_000);
});

test('a server that dies takes all its connections with it: that is one failure', async () => {
  const server = await serve({
    exports: { '': { disk } },
    onRequest: ({ type }, connection) => (type === 0 && connection < 4 ? 'hang up' : undefined),
  });
  const reader = await reading(server, { connections: 4, readAttempts: 2 });
  await turnsUntil(() => reader.connections === 4);
  const whole = new Uint8Array(disk.length);
  await reader.read(0, whole, signal);
  expect(Buffer.compare(whole, disk)).toBe(0);
  // One that goes on dying is given up all the same.
  server.options = { ...server.options, onRequest: ({ type }) => (type === 0 ? 'hang up' : undefined) };
  await expect(reader.read(0, whole, signal)).rejects.toMatchObject({ code: 'nbd_connection_lost' });
});

test('a server that is shutting down is left politely, and the next request finds another', async () => {
  const server = await serve({
    exports: { '': { disk } },
    onRequest: ({ type, cookie }, connection) =>
      type === 0 && connection === 0 ? [errorChunk(cookie, 108)] : undefined,
  });
  const reader = await reading(server, { ...one, readAttempts: 2 });
  const buffer = new Uint8Array(100);
  await reader.read(500, buffer, signal);
  expect(Buffer.compare(buffer, disk.subarray(500, 600))).toBe(0);
  expect(server.connections).toBe(2);
  await turnsUntil(() => server.served.some(({ type }) => type === 2));
});

test('reads go on over a lost connection, with back-off while the server is away', async () => {
  const server = await serve({ exports: { '': { disk } } });
  const reader = await reading(server, { connections: 3 });
  await turnsUntil(() => reader.connections === 3);
  await server.stop();
  const buffer = new Uint8Array(65_536);
  const read = reader.read(0, buffer, signal);
  await new Promise((resolve) => setTimeout(resolve, 150));
  await server.listen();
  await read;
  expect(Buffer.compare(buffer, disk)).toBe(0);
});

test('who is gone for good is given up with the reason', async () => {
  const server = await serve({ exports: { '': { disk } } });
  const reader = await reading(server, { ...one, reconnectAttempts: 2 });
  await server.stop();
  await turnsUntil(() => reader.connections === 0);
  await expect(reader.read(0, new Uint8Array(1), signal)).rejects.toMatchObject({
    code: 'nbd_unreachable',
    retryable: true,
  });
  await server.listen();
  await reader.read(0, new Uint8Array(1), signal);
});

test('another export after connecting anew is not taken for the first', async () => {
  const server = await serve({ exports: { '': { disk } } });
  const reader = await reading(server, { ...one, readAttempts: 3 });
  server.options = { exports: { '': { disk: disk.subarray(0, 4096) } } };
  server.cutAll();
  await turnsUntil(() => reader.connections === 0);
  await expect(reader.read(0, new Uint8Array(1), signal)).rejects.toMatchObject({
    code: 'nbd_export_changed',
  });
});

test('several connections only where the server says so and takes them', async () => {
  const alone = await serve({ exports: { '': { disk, flags: 1 } } });
  const reader = await reading(alone);
  await reader.read(0, new Uint8Array(10), signal);
  expect(alone.connections).toBe(1);
  const few = await serve({ exports: { '': { disk } }, mostConnections: 2 });
  const other = await reading(few, { connectSeconds: 0.1 });
  await turnsUntil(() => other.connections === 2);
  await turnsUntil(() => few.connections === 3 && few.open === 2);
  // However much there is to do.
  for (let round = 0; round < 3; round += 1) {
    await Promise.all([0, 1, 2, 3, 4, 5].map((at) => other.read(at, new Uint8Array(10), signal)));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(few.connections).toBe(3);
});

test('a crash of the server between write and flush is never papered over', async () => {
  const server = await serve({ exports: { '': { disk: noise(65_536, 8) } } });
  const writer = await writing(server, { connections: 2 });
  await turnsUntil(() => writer.connections === 2);
  await writer.write(0, noise(1000, 1), signal);
  await writer.flush(signal);
  // Nothing is open: this loss costs nothing.
  server.crash();
  await turnsUntil(() => server.connections === 4 && writer.connections === 2);
  await writer.write(5000, noise(1000, 2), signal);
  server.crash();
  await turnsUntil(() => server.connections === 6);
  await expect(writer.flush(signal)).rejects.toMatchObject({ code: 'nbd_writes_lost', retryable: false });
  await expect(writer.write(0, noise(10), signal)).rejects.toMatchObject({ code: 'nbd_writes_lost' });
  await expect(writer.zero(0, 10, signal)).rejects.toMatchObject({ code: 'nbd_writes_lost' });
});

test('a flush that failed fails for ever', async () => {
  let fails = true;
  const server = await serve({
    exports: { '': { disk: noise(4096) } },
    onRequest: ({ type, cookie }) => (type === 3 && fails ? [simpleReply(cookie, 5)] : undefined),
  });
  const writer = await writing(server);
  await writer.write(0, noise(10), signal);
  await expect(writer.flush(signal)).rejects.toMatchObject({ code: 'nbd_io' });
  fails = false;
  await expect(writer.flush(signal)).rejects.toMatchObject({ code: 'nbd_writes_lost' });
});

test('after close nothing is done, and what was under way fails', async () => {
  const server = await serve({
    exports: { '': { disk: noise(4096) } },
    onRequest: ({ type }) => (type < 2 ? 'silence' : undefined),
  });
  const writer = await writing(server);
  const stuck = writer.write(0, noise(10), signal).catch((error: unknown) => error);
  await turnsUntil(() => server.served.some(({ type }) => type === 1));
  await writer.close();
  await writer.close();
  expect(await stuck).toMatchObject({ code: 'disk_usage' });
  await expect(writer.write(0, noise(10), signal)).rejects.toMatchObject({ code: 'disk_usage' });
  await turnsUntil(() => server.open === 0);
});

test('a goodbye ends at once with a server that waits for the end of what is sent', async () => {
  const server = await serve({ exports: { '': { disk: sparse() } }, lingers: true });
  const patient = {
    monotonic: () => performance.now(),
    sleep: (_milliseconds: number, of?: AbortSignal) =>
      new Promise<void>((_resolve, reject) => {
        of?.addEventListener('abort', () => reject(of.reason as Error));
      }),
  };
  const reader = await reading(server, { clock: patient, connections: 1 });
  await reader.close();
  await turnsUntil(() => server.open === 0);
  expect(reader.connections).toBe(0);
});
