import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Service } from '../service.ts';
import { decide, recheck } from './decide.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { AGEING_MS } from './order.ts';
import { isOversized, lacking, takesOf, Usage } from './resources.ts';
import type { HeldWork, QueuedWork, SchedulingView } from './types.ts';

const NOW = 1_000_000_000;
const driver = (name: string, side: 'source' | 'destination') => ({
  name,
  side,
  title: name,
  settings: {},
  secret: {},
});
const worker = (id: string, more: Partial<Service> = {}): Service => ({
  id,
  binary: 'guts-migration',
  host: id,
  version: '1',
  disabled: false,
  disabledReason: null,
  draining: false,
  alive: true,
  heartbeatAt: '',
  startedAt: '',
  slots: 4,
  scratchBytes: null,
  bytesPerSecond: null,
  drivers: [driver('vsphere', 'source'), driver('openstack', 'destination')],
  ...more,
});
const work = (id: string, more: Partial<QueuedWork> = {}): QueuedWork => ({
  id,
  projectId: 'p',
  planId: null,
  priority: 0,
  direction: 'forward',
  phase: null,
  sourceId: 's',
  destinationId: 'd',
  targetProject: null,
  sourceDriver: 'vsphere',
  destinationDriver: 'openstack',
  demand: { host: 'h1', datastores: ['ds1'], streams: 1, bytes: 10, scratchBytes: 0 },
  queuedAt: NOW,
  reason: null,
  lostBy: null,
  ...more,
});
const held = (id: string, workerId: string, more: Partial<QueuedWork> = {}): HeldWork => ({
  ...work(id, more),
  workerId,
});
const view = (more: Partial<SchedulingView>): SchedulingView => ({
  now: NOW,
  waiting: [],
  holding: [],
  workers: [worker('w1')],
  ...more,
});
const limits = (more: Partial<Limits> = {}): Limits => ({ ...DEFAULT_LIMITS, ...more });
const placed = (given: SchedulingView, with_: Limits = limits()): Record<string, string | null> =>
  Object.fromEntries(decide(given, with_).map((one) => [one.id, one.workerId]));
const reasonOf = (given: SchedulingView, id: string, with_: Limits = limits()): string =>
  decide(given, with_).find((one) => one.id === id)?.reason ?? '';

describe('why it waits', () => {
  test.for([
    ['nobody ever reported', [], /has ever reported/],
    ['nobody is alive', [worker('w1', { alive: false })], /none of 1 workers is alive/],
    ['everybody is disabled', [worker('w1', { disabled: true })], /all 1 live workers are disabled/],
    ['nobody has the drivers', [worker('w1', { drivers: [] })], /none of 1 workers has both drivers/],
    ['all slots are taken', [worker('w1', { slots: 0 })], /all 0 slots of 1 workers are taken/],
  ] as const)('%s', ([, workers, reason]) => {
    expect(reasonOf(view({ waiting: [work('m')], workers }), 'm')).toMatch(reason);
  });

  test('the limit without room is named, with the filters that were passed', () => {
    const holding = [held('x', 'w1', { demand: { ...work('x').demand, streams: 10 } })];
    const [decision] = decide(view({ waiting: [work('m')], holding }), limits());
    expect(decision).toMatchObject({
      workerId: null,
      reason: 'host h1 is at its limit of 10 disk streams',
      trace: { limit: { resource: 'host:s:h1', used: 10, wanted: 1, limit: 10 } },
    });
    expect(decision?.trace.filters.map((one) => [one.name, one.left])).toEqual([
      ['AliveFilter', 1],
      ['EnabledFilter', 1],
      ['CapabilitiesFilter', 1],
      ['ScratchFilter', 1],
    ]);
  });

  test('local space for the conversion is asked for', () => {
    const waiting = [work('m', { demand: { ...work('m').demand, scratchBytes: 100 } })];
    const workers = [worker('small', { scratchBytes: 99 }), worker('large', { scratchBytes: 100 })];
    expect(placed(view({ waiting, workers }))).toEqual({ m: 'large' });
  });
});

describe('who goes first', () => {
  const one = { workers: [worker('w1', { slots: 1 })] };

  test('undo before everything, beyond slots and limits', () => {
    const waiting = [work('undo', { direction: 'undo' }), work('m', { priority: 99 })];
    const holding = [held('x', 'w1')];
    expect(placed(view({ waiting, holding, ...one }))).toEqual({ undo: 'w1', m: null });
  });

  test('the higher priority; but age counts as priority', () => {
    const waiting = [work('low'), work('high', { priority: 1 })];
    expect(placed(view({ waiting, ...one }))).toEqual({ high: 'w1', low: null });
    const old = [work('low', { queuedAt: NOW - 2 * AGEING_MS }), work('high', { priority: 1 })];
    expect(placed(view({ waiting: old, ...one }))).toEqual({ low: 'w1', high: null });
  });

  test('the largest, and what stands at the narrowest place', () => {
    const size = (bytes: number, host: string) => ({ demand: { ...work('x').demand, bytes, host } });
    const waiting = [work('small', size(1, 'h1')), work('large', size(9, 'h1'))];
    expect(placed(view({ waiting, ...one }))).toEqual({ large: 'w1', small: null });
    const narrow = [work('wide', size(9, 'h1')), work('narrow', size(8, 'h2'))];
    const overrides = { 'host:s:h2': 1 };
    expect(placed(view({ waiting: narrow, ...one }), limits({ overrides }))).toEqual({
      narrow: 'w1',
      wide: null,
    });
  });

  test('plans share fairly, whatever they hold already', () => {
    const plan = (planId: string, n: number) => work(`${planId}${n}`, { planId });
    const waiting = [0, 1, 2, 3].flatMap((n) => [plan('a', n), plan('b', n)]);
    const holding = [held('a9', 'w2', { planId: 'a' }), held('a8', 'w2', { planId: 'a' })];
    const chosen = placed(view({ waiting, holding, workers: [worker('w1', { slots: 4 })] }));
    const of = (name: string): number =>
      Object.entries(chosen).filter(([id, to]) => id.startsWith(name) && to !== null).length;
    expect([of('a'), of('b')]).toEqual([1, 3]);
  });
});

describe('which worker', () => {
  test('the freest', () => {
    const workers = [worker('busy'), worker('free')];
    expect(placed(view({ waiting: [work('m')], holding: [held('x', 'busy')], workers }))).toEqual({
      m: 'free',
    });
  });

  test('who lost work just now is last, but better than nobody', () => {
    const waiting = [work('m', { lostBy: 'w1' })];
    const holding = [held('x', 'w2')];
    expect(placed(view({ waiting, holding, workers: [worker('w1'), worker('w2')] }))).toEqual({ m: 'w2' });
    expect(placed(view({ waiting, workers: [worker('w1')] }))).toEqual({ m: 'w1' });
  });
});

describe('work that is larger than a limit', () => {
  const big = work('big', { demand: { ...work('big').demand, streams: 20 } });

  test('runs alone', () => {
    expect(placed(view({ waiting: [big] }))).toEqual({ big: 'w1' });
    const waiting = [work('m')];
    const holding = [{ ...big, workerId: 'w1' }];
    expect(placed(view({ waiting, holding }))).toEqual({ m: null });
  });

  test('waits until nothing else runs there, and nothing younger starts meanwhile', () => {
    const older = { ...big, queuedAt: NOW - AGEING_MS };
    const given = view({ waiting: [older, work('m')], holding: [held('x', 'w1')] });
    expect(placed(given)).toEqual({ big: null, m: null });
    expect(reasonOf(given, 'big')).toContain('runs there alone');
    expect(reasonOf(given, 'm')).toContain('kept free for migration big');
  });
});

test('work that has waited long is not overtaken for ever by smaller work', () => {
  const wide = { ...work('wide').demand, streams: 4 };
  const holding = Array.from({ length: 8 }, (_, n) => held(`x${n}`, 'w0'));
  const waiting = [work('old', { demand: wide, queuedAt: NOW - 2 * AGEING_MS }), work('new')];
  expect(placed(view({ waiting, holding }))).toEqual({ old: null, new: null });
  const young = [work('old', { demand: wide }), work('new')];
  expect(placed(view({ waiting: young, holding }))).toEqual({ old: null, new: 'w1' });
});

const arbitrary = fc.record({
  slots: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 6 }),
  limits: fc.record({
    hostStreams: fc.integer({ min: 0, max: 6 }),
    sourceStreams: fc.integer({ min: 0, max: 20 }),
    datastoreStreams: fc.integer({ min: 0, max: 8 }),
    projectMigrations: fc.integer({ min: 0, max: 9 }),
    planMigrations: fc.integer({ min: 0, max: 5 }),
  }),
  jobs: fc.array(
    fc.record({
      host: fc.constantFrom('h1', 'h2', 'h3', null),
      store: fc.constantFrom('ds1', 'ds2'),
      streams: fc.integer({ min: 1, max: 8 }),
      plan: fc.constantFrom('a', 'b', null),
      priority: fc.integer({ min: -2, max: 2 }),
      age: fc.integer({ min: 0, max: 40 }),
      bytes: fc.nat(1000),
    }),
    { maxLength: 40 },
  ),
});

function given(sample: typeof arbitrary extends fc.Arbitrary<infer T> ? T : never) {
  const workers = sample.slots.map((slots, index) => worker(`w${index}`, { slots }));
  const waiting = sample.jobs.map((job, index) =>
    work(`m${index}`, {
      planId: job.plan,
      priority: job.priority,
      queuedAt: NOW - job.age * 60_000,
      demand: {
        host: job.host,
        datastores: [job.store],
        streams: job.streams,
        bytes: job.bytes,
        scratchBytes: 0,
      },
    }),
  );
  return { workers, waiting, limits: { ...sample.limits, overrides: {} } };
}

test('no limit is passed but by one that runs alone; no slot is used twice; everybody gets one answer', () => {
  fc.assert(
    fc.property(arbitrary, (sample) => {
      const { workers, waiting, limits: bounds } = given(sample);
      const decisions = decide(view({ workers, waiting }), bounds);
      expect(decisions.map((one) => one.id).toSorted()).toEqual(waiting.map((one) => one.id).toSorted());
      const byId = new Map(waiting.map((one) => [one.id, one]));
      const holding = decisions.flatMap(({ id, workerId }) => {
        const one = byId.get(id);
        return one && workerId !== null ? [{ ...one, workerId }] : [];
      });
      for (const { id, slots } of workers)
        expect(holding.filter((one) => one.workerId === id).length).toBeLessThanOrEqual(slots);
      const usage = new Usage(holding, bounds);
      for (const one of holding)
        for (const { amount, resource } of usage.takesOf(one)) {
          const alone = resource.used === amount;
          expect(resource.used <= resource.limit || alone).toBe(true);
        }
    }),
  );
});

test('nothing idles while something that nobody comes before could run', () => {
  fc.assert(
    fc.property(arbitrary, (sample) => {
      const { workers, waiting: all, limits: bounds } = given(sample);
      const waiting = all
        .map((one) => ({ ...one, queuedAt: NOW, priority: 0 }))
        .filter((one) => !isOversized(takesOf(one, bounds)));
      const decisions = decide(view({ workers, waiting }), bounds);
      const byId = new Map(waiting.map((one) => [one.id, one]));
      const holding = decisions.flatMap(({ id, workerId }) => {
        const one = byId.get(id);
        return one && workerId !== null ? [{ ...one, workerId }] : [];
      });
      const free = workers.some(
        ({ id, slots }) => holding.filter((one) => one.workerId === id).length < slots,
      );
      const usage = new Usage(holding, bounds);
      const idle = decisions.filter(({ id, workerId }) => {
        const one = byId.get(id);
        return free && workerId === null && one && lacking(usage.takesOf(one)) === null;
      });
      expect(idle).toEqual([]);
    }),
  );
});

test('the same view gives the same decisions, and what was decided passes the recheck', () => {
  fc.assert(
    fc.property(arbitrary, (sample) => {
      const { workers, waiting, limits: bounds } = given(sample);
      const decisions = decide(view({ workers, waiting }), bounds);
      expect(decide(view({ workers: workers.toReversed(), waiting }), bounds)).toEqual(decisions);
      const byId = new Map(waiting.map((one) => [one.id, one]));
      const holding = decisions.flatMap(({ id, workerId }) => {
        const one = byId.get(id);
        return one && workerId !== null ? [{ ...one, workerId }] : [];
      });
      for (const one of holding) {
        const by = workers.find(({ id }) => id === one.workerId);
        const others = holding.filter(({ id }) => id !== one.id);
        expect(by && recheck({ ...one, reason: null, lostBy: null }, others, by, bounds)).toBeNull();
      }
    }),
  );
});

test('the recheck refuses what has no room any more', () => {
  expect(recheck(work('m'), [], worker('w', { disabled: true }), limits())).toContain('disabled');
  expect(recheck(work('m'), [held('x', 'w')], worker('w', { slots: 1 }), limits())).toContain('slots');
  expect(recheck(work('m'), [held('x', 'v')], worker('w'), limits({ hostStreams: 1 }))).toContain('host h1');
  expect(
    recheck(work('m', { direction: 'undo' }), [held('x', 'w')], worker('w', { slots: 1 }), limits()),
  ).toBeNull();
});
