import { type GutsEvent, GutsError, type Migration, type Notification, SILENT_LOG } from '@guts/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Notifier } from '../src/index.ts';
import { clock } from './clock.ts';

/** Events and a cursor in memory, and a broker that can be away. */
let events: GutsEvent[];
let cursor: { sequence: number; owner: string | null };
let sent: string[];
let away: boolean;
let running: Notifier[];

const store: ConstructorParameters<typeof Notifier>[0]['store'] = {
  holdCursor: (_name, owner) => {
    if (cursor.owner !== null && cursor.owner !== owner) return Promise.resolve(null);
    cursor.owner = owner;
    return Promise.resolve(cursor.sequence);
  },
  moveCursor: (_name, owner, sequence) => {
    if (cursor.owner !== owner) return Promise.resolve(false);
    cursor.sequence = sequence;
    return Promise.resolve(true);
  },
  releaseCursor: (_name, owner) => {
    if (cursor.owner === owner) cursor.owner = null;
    return Promise.resolve();
  },
  listEvents: (_scope, { after, limit }) =>
    Promise.resolve(events.filter(({ sequence }) => sequence > after).slice(0, limit)),
  getMigration: (id) => Promise.resolve({ id, name: id } as Migration),
};
const publisher = {
  publish: ({ type, event }: Notification) => {
    if (away) return Promise.reject(new GutsError('bus_unavailable', 'the broker is away'));
    sent.push(`${event.sequence} ${type}`);
    return Promise.resolve();
  },
};
const add = (type: string, data: GutsEvent['data']): void => {
  const more = { projectId: 'p', resource: 'migration', resourceId: 'm', severity: 'information' } as const;
  events.push({
    sequence: events.length + 1,
    type,
    data,
    message: '',
    at: '2026-01-01T00:00:00.000Z',
    ...more,
  });
};
const notifier = (owner: string): Notifier => {
  const made = new Notifier({ store, publisher, clock, log: SILENT_LOG, owner, pollMilliseconds: 20 });
  running.push(made);
  return made;
};

beforeEach(() => {
  events = [];
  cursor = { sequence: 0, owner: null };
  sent = [];
  away = false;
  running = [];
});
afterEach(() => Promise.all(running.map((one) => one.stop())));

test('tells what others are told of, in its order, more than one batch too', async () => {
  for (let n = 0; n < 250; n += 1)
    add(n % 2 === 0 ? 'step.started' : 'artifact.created', { step: 'transfer' });
  notifier('a').start();
  await vi.waitFor(() => expect(cursor.sequence).toBe(250));
  expect(sent).toEqual(Array.from({ length: 125 }, (_, n) => `${2 * n + 1} migration.step`));
});

test('a broker that is away delays what is told; nothing is left out', async () => {
  add('step.started', { step: 'transfer' });
  away = true;
  const one = notifier('a');
  one.start();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(cursor.sequence).toBe(0);
  add('step.done', { step: 'transfer' });
  away = false;
  await vi.waitFor(() => expect(sent).toEqual(['1 migration.step', '2 migration.step']));
});

test('of two, one sends; when it stops, the other goes on where it was', async () => {
  const [one, other] = [notifier('a'), notifier('b')];
  one.start();
  await vi.waitFor(() => expect(cursor.owner).toBe('a'));
  other.start();
  add('step.started', { step: 'transfer' });
  await vi.waitFor(() => expect(cursor.sequence).toBe(1));
  await one.stop();
  add('migration.status', { status: 'completed' });
  await vi.waitFor(() => expect(cursor).toEqual({ sequence: 2, owner: 'b' }));
  expect(sent).toEqual(['1 migration.step', '2 migration.end']);
});

test('who lost the cursor sends no more of its batch than until it moves it', async () => {
  for (let n = 0; n < 100; n += 1) add('step.started', { step: 'transfer' });
  const losing = notifier('a');
  const held = vi.spyOn(store, 'moveCursor').mockImplementationOnce(() => {
    cursor.owner = 'b';
    return Promise.resolve(false);
  });
  losing.start();
  await vi.waitFor(() => expect(held).toHaveBeenCalled());
  await losing.stop();
  expect(sent).toHaveLength(20);
});
