import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type GutsEvent, GutsError, type Notification, SILENT_LOG } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openNotifications } from '../../src/index.ts';
import { clock } from '../clock.ts';

/**
 * Notifications read by oslo.messaging itself, on a real RabbitMQ: lab/real/rabbitmq/test.sh starts it. Needs Debian's
 * python3-oslo.messaging.
 */
const url = process.env['GUTS_TEST_RABBITMQ'] ?? '';
if (url === '') throw new Error('GUTS_TEST_RABBITMQ is not set: run lab/real/rabbitmq/test.sh');
const CONSUMER = resolve(import.meta.dirname, '../../../../lab/real/rabbitmq/oslo-consumer.py');

interface Told {
  readonly level: string;
  readonly publisher_id: string;
  readonly event_type: string;
  readonly context: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly metadata: { readonly message_id: string; readonly timestamp: string };
}

let consumers: ChildProcess[];
let publishers: { close(): Promise<void> }[];
let name: string;

function consume(exchange: string, topic: string, durable: boolean): { told: Told[]; child: ChildProcess } {
  const more = durable ? ['durable'] : [];
  const child = spawn('/usr/bin/python3', [CONSUMER, exchange, topic, ...more], {
    env: { ...process.env, OSLO_URL: url.replace('amqp:', 'rabbit:') },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  consumers.push(child);
  const told: Told[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => told.push(JSON.parse(line) as Told));
  return { told, child };
}

async function open(more: { durable?: boolean } = {}) {
  const where = { url, exchange: `x-${name}`, topic: `t-${name}`, durable: false, host: 'h1' };
  const publisher = await openNotifications({ ...where, ...more, clock, log: SILENT_LOG });
  publishers.push(publisher);
  return publisher;
}

function notification(sequence: number, more: Partial<Notification> = {}): Notification {
  const event: GutsEvent = {
    sequence,
    projectId: 'p1',
    resource: 'migration',
    resourceId: name,
    type: 'step.started',
    severity: 'information',
    message: 'transfer started',
    data: { step: 'transfer' },
    at: '2026-01-02T03:04:05.678Z',
  };
  const payload = {
    migration_id: name,
    step: 'transfer',
    event_id: sequence,
    user_id: 'u1',
    name: 'Ünï 東京',
  };
  return { type: 'migration.step', priority: 'INFO', event, payload, ...more };
}

const ids = (told: readonly Told[]) => told.map(({ payload }) => payload['event_id']);

describe('a consumer of oslo.messaging', () => {
  beforeEach(() => {
    consumers = [];
    publishers = [];
    name = `m${Math.random().toString(36).slice(2)}`;
  });
  afterEach(async () => {
    for (const child of consumers) child.stdin?.end();
    await Promise.all(publishers.map((one) => one.close()));
    for (const child of consumers) if (child.exitCode === null) child.kill('SIGKILL');
  });
  const soon = { timeout: 60_000, interval: 100 };

  test('reads everything, in its order, at its level, also what was sent before it came', async () => {
    const publisher = await open();
    for (let n = 1; n <= 30; n += 1) await publisher.publish(notification(n));
    const { told } = consume(`x-${name}`, `t-${name}`, false);
    await vi.waitFor(() => expect(told).toHaveLength(30), soon);
    await publisher.publish(notification(31, { type: 'migration.error', priority: 'ERROR' }));
    await vi.waitFor(() => expect(told).toHaveLength(31), soon);
    expect(ids(told)).toEqual(Array.from({ length: 31 }, (_, n) => n + 1));
    expect(told[0]).toMatchObject({
      level: 'info',
      publisher_id: 'migration.h1',
      event_type: 'migration.step',
      payload: { migration_id: name, name: 'Ünï 東京' },
      context: { project_id: 'p1', user_id: 'u1' },
      metadata: { timestamp: '2026-01-02 03:04:05.678000' },
    });
    expect(told[30]).toMatchObject({ level: 'error', event_type: 'migration.error' });
  });

  test('leaves out by its id what comes twice', async () => {
    const [one, other] = [await open(), await open()];
    const { told } = consume(`x-${name}`, `t-${name}`, false);
    // It remembers an id once it has acknowledged the message, which is after our endpoint saw it: hence more than one.
    for (const n of [1, 2, 3]) await one.publish(notification(n));
    await vi.waitFor(() => expect(ids(told)).toEqual([1, 2, 3]), soon);
    await other.publish(notification(1));
    await one.publish(notification(4));
    await vi.waitFor(() => expect(ids(told)).toContain(4), soon);
    expect(ids(told)).toEqual([1, 2, 3, 4]);
    expect(new Set(told.map(({ metadata }) => metadata.message_id)).size).toBe(4);
  });

  test('finds exchange and queues as it declares them itself, durable or not, whoever comes first', async () => {
    for (const durable of [true, false]) {
      name = `${name}${String(durable)}`;
      const publisher = await open({ durable });
      await publisher.publish(notification(1));
      const { told } = consume(`x-${name}`, `t-${name}`, durable);
      await vi.waitFor(() => expect(ids(told)).toEqual([1]), soon);
      // Another one with the other setting uses what is there.
      const odd = await open({ durable: !durable });
      await odd.publish(notification(2));
      await vi.waitFor(() => expect(ids(told)).toEqual([1, 2]), soon);
    }
  });

  test('a broker that cannot be reached is told without its password', async () => {
    const publisher = await openNotifications({
      url: 'amqp://guts:canary@127.0.0.1:1/v',
      exchange: 'x',
      topic: 't',
      durable: false,
      host: 'h',
      clock,
      log: SILENT_LOG,
    });
    publishers.push(publisher);
    const failure = await publisher.publish(notification(1)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(GutsError);
    expect(String(failure)).toMatch(/the broker is away/);
    expect(String(failure)).not.toContain('canary');
  });
});
