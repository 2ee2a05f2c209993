import { GutsError } from '@guts/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MigrationRun } from '../src/index.ts';
import { Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.open();
});
afterEach(() => rig.store.close());

const eventTypes = async (): Promise<readonly string[]> => {
  const query = { resourceId: rig.id, after: 0, limit: 200 };
  const events = await rig.store.listEvents({ projectId: null }, query);
  return events.map((event) => event.type);
};

describe('what fails for a reason that passes', () => {
  test('a connection that breaks in an upload: the step is done again, and the migration completes', async () => {
    rig.destination.breaks.upload = 2;
    await rig.create();
    expect(await rig.run({ retryPauses: [1, 1, 1] })).toMatchObject({ status: 'completed', error: null });
    const transfers = (await rig.store.listSteps(rig.id)).filter(({ step }) => step === 'transfer');
    expect(transfers.map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, 'failed'],
      [2, 'failed'],
      [3, 'done'],
    ]);
    expect((await eventTypes()).filter((type) => type === 'migration.retrying')).toHaveLength(2);
    expect(rig.destination.kinds()).toEqual(['image', 'port', 'server', 'volume']);
    expect(rig.source.leases.size).toBe(0);
  });

  test('also when the reading of the source cannot be ended: the cause counts, not the cleaning up', async () => {
    rig.destination.breaks.upload = 1;
    rig.source.refuseAbort = true;
    await rig.create();
    expect(await rig.run({ retryPauses: [1] })).toMatchObject({ status: 'completed', error: null });
    expect(rig.source.leases.size).toBe(0);
  });

  test('a server whose creation was not answered is adopted, not made twice', async () => {
    rig.destination.loseAnswer.add('server');
    await rig.create();
    expect((await rig.run({ retryPauses: [1] })).status).toBe('completed');
    expect(rig.destination.kinds().filter((kind) => kind === 'server')).toHaveLength(1);
  });

  test('an end that is away when the work begins is waited for', async () => {
    rig.destination.breaks.connect = 2;
    await rig.create();
    expect((await rig.run({ retryPauses: [1, 1] })).status).toBe('completed');
  });

  test("a predecessor's way to the data that is not closed at once: the take-over is done again", async () => {
    await rig.create({}, { bootFrom: 'volume' });
    let run: MigrationRun | undefined;
    await rig.run({
      started: (started) => (run = started),
      afterStep: (step) => {
        if (step === 'transfer') run?.handOver();
      },
    });
    expect(rig.destination.kinds()).toContain('attachment');
    rig.destination.breaks.remove = 1;
    expect(await rig.run({ worker: 'w2', retryPauses: [1] })).toMatchObject({ status: 'completed' });
  });

  test('counts when the pauses are used up', async () => {
    rig.destination.breaks.upload = 3;
    await rig.create();
    const ended = await rig.run({ retryPauses: [1, 1] });
    expect(ended).toMatchObject({ status: 'failed', error: { code: 'destination_unreachable' } });
    expect(rig.source.power).toBe('on');
    expect(rig.destination.kinds()).toEqual([]);
  });

  test('an undo goes on through it: no residue, and the source runs again', async () => {
    rig.destination.breaks.remove = 2;
    await rig.create();
    const ended = await rig.run({
      retryPauses: [1, 1],
      afterStep: (step) => {
        if (step === 'provision') throw new GutsError('fault_injected', 'after provision');
      },
    });
    expect(ended.error).toMatchObject({ code: 'fault_injected' });
    expect(ended.error?.details).toBeUndefined();
    expect(rig.destination.kinds()).toEqual([]);
    expect(rig.source.power).toBe('on');
  });

  test('a pause ends at once when the worker stops, and the successor goes on', async () => {
    rig.destination.breaks.upload = 1;
    await rig.create();
    let run: MigrationRun | undefined;
    const running = rig.run({ retryPauses: [60_000], started: (started) => (run = started) });
    await expect.poll(async () => await eventTypes()).toContain('migration.retrying');
    run?.handOver();
    expect((await running).status).toBe('queued');
    expect((await rig.run({ worker: 'w2' })).status).toBe('completed');
  });
});

test('what the source waits for is told', async () => {
  rig.source.waitsFor = 'waiting for a lease of the machine to end, at most 420 seconds more';
  await rig.create();
  expect((await rig.run()).status).toBe('completed');
  const events = await rig.store.listEvents(
    { projectId: null },
    { resourceId: rig.id, after: 0, limit: 200 },
  );
  const waits = events.filter(({ type }) => type === 'migration.waiting');
  expect(waits.map(({ message }) => message)).toEqual([rig.source.waitsFor]);
});

test('what does not pass by itself counts at once', async () => {
  rig.destination.refuse.add('server');
  await rig.create();
  expect((await rig.run({ retryPauses: [60_000] })).error).toMatchObject({ code: 'destination_quota' });
});

test('a database that is away while the ends are opened is waited for', async () => {
  await rig.create();
  const { store } = rig;
  const getEndpoint = store.getEndpoint.bind(store);
  let away = 1;
  store.getEndpoint = async (...given) => {
    away -= 1;
    if (away >= 0) throw new GutsError('database_unavailable', 'away', { transient: true });
    return getEndpoint(...given);
  };
  expect((await rig.run({ retryPauses: [1] })).status).toBe('completed');
});
