/** The suite on a real broker, told by GUTS_TEST_RABBITMQ…; see lab/real/rabbitmq/test.sh. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectSocket, createServer, type AddressInfo, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { type Bus, type BusMessage, GutsError, SILENT_LOG } from '@guts/core';
import { openStore } from '@guts/store';
import { connect } from 'amqplib';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openBus, OutboxRelay } from '../../src/index.ts';
import { busSuite } from '../bus.testsuite.ts';
import { clock } from '../clock.ts';

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run lab/real/rabbitmq/test.sh`);
  return value;
}
const url = given('GUTS_TEST_RABBITMQ');
const base = { clock, log: SILENT_LOG };
const open = (more: Partial<Parameters<typeof openBus>[0]> = {}): Promise<Bus> =>
  openBus({ ...base, url, ...more });

const opened: Bus[] = [];
const keep = async (bus: Promise<Bus>): Promise<Bus> => {
  opened.push(await bus);
  return bus;
};
afterEach(async () => {
  for (const bus of opened.splice(0)) await bus.close();
});

/** Kills the broker and starts it again. */
async function restart(awaySeconds = 0): Promise<void> {
  const script = resolve(import.meta.dirname, '../../../../lab/real/rabbitmq/restart.sh');
  const child = spawn('bash', [script, String(awaySeconds)], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number];
  if (code !== 0) throw new Error('the broker did not come back');
}

async function deadLetters(): Promise<string[]> {
  const model = await connect(url);
  const channel = await model.createChannel();
  const found: string[] = [];
  for (;;) {
    const message = await channel.get('guts.dead', { noAck: true });
    if (message === false) break;
    found.push(message.content.toString('utf8'));
  }
  await model.close();
  return found;
}

/** Publishes until it is confirmed, as the outbox relay does. */
async function insist(bus: Bus, message: BusMessage): Promise<void> {
  for (;;) {
    try {
      return await bus.publish(message);
    } catch (error) {
      if (!(error instanceof GutsError && error.code === 'bus_unavailable')) throw error;
      await clock.sleep(50);
    }
  }
}

describe('RabbitMQ', () => {
  busSuite(() => open());
});

test('by TLS, with the authority that signed the certificate', async () => {
  const tls = { url: given('GUTS_TEST_RABBITMQ_TLS'), tls: { caFile: given('GUTS_TEST_RABBITMQ_CA') } };
  const bus = await keep(open(tls));
  expect(bus.health()).toMatchObject({ connected: true });
  await bus.publish({ topic: 'migration.queued', id: '1' });
});

test.for([
  ['an authority that is not known', given('GUTS_TEST_RABBITMQ_TLS'), {}],
  [
    'a certificate of another name',
    given('GUTS_TEST_RABBITMQ_TLS').replace('@localhost:', '@127.0.0.1:'),
    { tls: { caFile: given('GUTS_TEST_RABBITMQ_CA') } },
  ],
  ['a wrong password', url.replace('guest:guest@', 'guest:hush-hush@'), {}],
] as const)('%s is refused in words that hold no password', async ([, to, more]) => {
  const bus = await keep(open({ url: to, ...more }));
  const { connected, detail } = bus.health();
  expect(connected).toBe(false);
  expect(detail).toMatch(/certificate|altname|ACCESS.REFUSED/i);
  expect(detail).not.toContain('hush');
  await expect(bus.publish({ topic: 'migration.queued', id: '1' })).rejects.toMatchObject({
    code: 'bus_unavailable',
  });
});

test('a broker that is killed and comes back loses none of 500 messages', async () => {
  const publisher = await keep(open());
  const seen = new Set<string>();
  for (let n = 0; n < 3; n += 1) {
    const consumer = await keep(open());
    await consumer.subscribe(
      ['migration.queued'],
      { group: 'restart' },
      (message) => void seen.add(message.id),
    );
  }
  let restarted: Promise<void> | null = null;
  for (let n = 0; n < 500; n += 1) {
    if (n === 150) restarted = restart(1);
    await insist(publisher, { topic: 'migration.queued', id: String(n) });
  }
  await restarted;
  await vi.waitFor(() => expect(seen.size).toBe(500), 60_000);
  expect(publisher.health()).toMatchObject({ connected: true });
}, 120_000);

test('a bus that is closed while it connects ends', async () => {
  const target = new URL(url);
  let refuse = true;
  let reached: () => void = () => undefined;
  const connecting = new Promise<void>((done) => (reached = done));
  const proxy = createServer((from) => {
    from.on('error', () => undefined);
    if (refuse) {
      from.destroy();
      return;
    }
    const to = connectSocket(Number(target.port), target.hostname);
    to.on('error', () => undefined);
    to.pipe(from);
    // What the bus says arrives late: it is in the middle of connecting for a while.
    from.on('data', (bytes: Buffer) => {
      reached();
      void clock.sleep(100).then(() => to.write(bytes));
    });
    from.on('close', () => to.destroy());
  });
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  const through = new URL(url);
  through.port = String((proxy.address() as AddressInfo).port);
  const bus = await open({ url: through.href });
  expect(bus.health().connected).toBe(false);
  refuse = false;
  await connecting;
  await bus.close();
  await new Promise<void>((done) => proxy.close(() => done()));
}, 20_000);

test('a connection that is cut is made again, with its listeners', async () => {
  const sockets = new Set<Socket>();
  const target = new URL(url);
  const proxy = createServer((from) => {
    const to = connectSocket(Number(target.port), target.hostname);
    for (const socket of [from, to]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    from.pipe(to).pipe(from);
  });
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  const through = new URL(url);
  through.port = String((proxy.address() as AddressInfo).port);
  const bus = await keep(open({ url: through.href }));
  const seen: string[] = [];
  await bus.subscribe(['migration.action'], { group: null }, (message) => void seen.push(message.id));
  for (const socket of sockets) socket.destroy();
  await vi.waitFor(() => expect(bus.health().connected).toBe(false));
  await vi.waitFor(() => expect(bus.health().connected).toBe(true), 20_000);
  await insist(bus, { topic: 'migration.action', id: 'after' });
  await vi.waitFor(() => expect(seen).toContain('after'));
  await bus.close();
  for (const socket of sockets) socket.destroy();
  proxy.close();
});

test('what is none of our messages, and what no handler takes, becomes a dead letter', async () => {
  await deadLetters();
  const bus = await keep(open());
  let tries = 0;
  await bus.subscribe(['operation.queued'], { group: 'poison' }, () => {
    tries += 1;
    throw new Error('never');
  });
  const model = await connect(url);
  const channel = await model.createConfirmChannel();
  channel.publish('guts', 'operation.queued', Buffer.from('this is no JSON'));
  await channel.waitForConfirms();
  await model.close();
  await bus.publish({ topic: 'operation.queued', id: 'unlucky' });
  const found: string[] = [];
  await vi.waitFor(async () => {
    found.push(...(await deadLetters()));
    expect(found.toSorted()).toEqual(['this is no JSON', '{"topic":"operation.queued","id":"unlucky"}']);
  }, 20_000);
  expect(tries).toBe(5);
});

test('a message whose listener dies while it works on it goes to another', async () => {
  const model = await connect(url);
  const first = await keep(open());
  const seen: string[] = [];
  let started: () => void = () => undefined;
  const working = new Promise<void>((done) => {
    started = done;
  });
  await first.subscribe(['operation.queued'], { group: 'dying' }, () => {
    started();
    return new Promise(() => undefined); // never ends
  });
  await first.publish({ topic: 'operation.queued', id: 'x' });
  await working;
  const second = await keep(open());
  await second.subscribe(['operation.queued'], { group: 'dying' }, (message) => void seen.push(message.id));
  expect(seen).toEqual([]);
  await first.close();
  await vi.waitFor(() => expect(seen).toEqual(['x']), 20_000);
  await model.close();
}, 60_000);

test('with the broker away the outbox keeps everything, and brings it afterwards', async () => {
  const store = await openStore({ url: 'sqlite::memory:' });
  await store.upgrade();
  const bus = await keep(open());
  const seen = new Set<string>();
  await bus.subscribe(['operation.queued'], { group: 'outbox' }, (message) => void seen.add(message.id));
  const relay = new OutboxRelay({ ...base, store, bus, owner: 'test', pollMilliseconds: 50 });
  relay.start();
  const put = async (id: string): Promise<void> => {
    await store.createOperation(
      { id, projectId: 'p', kind: 'source.validate', subjectId: 's', input: {} },
      {
        projectId: 'p',
        resource: 'operation',
        resourceId: id,
        type: 'operation.queued',
        severity: 'information',
        message: id,
        data: {},
      },
    );
    relay.nudge();
  };
  const back = restart(2);
  await vi.waitFor(() => expect(bus.health().connected).toBe(false), 20_000);
  for (let n = 0; n < 50; n += 1) await put(`o${n}`);
  expect((await store.outboxState()).pending).toBeGreaterThan(0);
  await back;
  await vi.waitFor(() => expect(seen.size).toBe(50), 60_000);
  await vi.waitFor(async () => expect(await store.outboxState()).toMatchObject({ pending: 0 }), 20_000);
  await relay.stop();
  await store.close();
}, 120_000);
