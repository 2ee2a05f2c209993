import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Service } from '../service.ts';
import { decide, recheck } from './decide.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { AGE_STEP_MS, PRIORITY_STEP_MS } from './candidates.ts';
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
  bytesPerSecondLimit: null,
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
    ['nobody is alive', [worker('w1', { alive: false })], /none of 1 worker is alive/],
    ['everybody is disabled', [worker('w1', { disabled: true })], /none of 1 live worker is enabled/],
    ['nobody has the drivers', [worker('w1', { drivers: [] })], /none of 1 worker has both drivers/],
    ['all slots are taken', [worker('w1', { slots: 0 })], /every slot is taken: 0 slots of 1 worker/],
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
      ['TransportFilter', 1],
      ['ScratchFilter', 1],
    ]);
  });

  test('a transport that was asked for by name goes to a worker that has it, and to no other', () => {
    const asked = (name: string) => ({ demand: { ...work(name).demand, transport: 'vddk' as const } });
    const sourceDriver = { ...driver('vsphere', 'source'), transports: ['lease', 'datastore'] as const };
    const drivers = [sourceDriver, driver('openstack', 'destination')];
    const without = worker('without', { drivers });
    const waiting = [work('m', asked('m')), work('any', { priority: -1 })];
    expect(placed(view({ waiting, workers: [without, worker('with')] }))).toMatchObject({ m: 'with' });
    expect(placed(view({ waiting, workers: [without] }))).toEqual({ m: null, any: 'without' });
    expect(reasonOf(view({ waiting, workers: [without] }), 'm')).toMatch(
      /none of 1 worker has what the transport 'vddk' needs: .*another transport/,
    );
    // Nothing is read to undo.
    const undo = [work('m', { ...asked('m'), direction: 'undo' })];
    expect(placed(view({ waiting: undo, workers: [without] }))).toEqual({ m: 'without' });
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
    const old = [work('low', { queuedAt: NOW - PRIORITY_STEP_MS }), work('high', { priority: 1 })];
    expect(placed(view({ waiting: old, ...one }))).toEqual({ low: 'w1', high: null });
  });

  test('what is urgent, although thousands have waited for hours', () => {
    const old = [0, 1, 2].map((n) => work(`old${n}`, { queuedAt: NOW - 3 * PRIORITY_STEP_MS }));
    const waiting = [...old, work('urgent', { priority: 10 })];
    expect(placed(view({ waiting, ...one }))).toMatchObject({ urgent: 'w1' });
  });

  test('what has begun, for its source may be off', () => {
    const waiting = [
      work('urgent', { priority: 99, queuedAt: NOW - 9 * PRIORITY_STEP_MS }),
      work('begun', { phase: 'cutover' }),
    ];
    expect(placed(view({ waiting, ...one }))).toEqual({ begun: 'w1', urgent: null });
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

test('a plan that was asked for earlier gets no more than its part', () => {
  const plan = (planId: string, n: number, queuedAt: number) => work(`${planId}${n}`, { planId, queuedAt });
  const hour = NOW - PRIORITY_STEP_MS;
  const waiting = [0, 1, 2, 3].flatMap((n) => [plan('a', n, hour), plan('b', n, NOW)]);
  const holding = [0, 1, 2, 3].map((n) => held(`a9${n}`, 'w2', { planId: 'a' }));
  const chosen = placed(view({ waiting, holding, workers: [worker('w1')] }));
  expect(Object.entries(chosen).filter(([, to]) => to !== null)).toHaveLength(4);
  for (const n of [0, 1, 2, 3]) expect(chosen[`b${n}`]).toBe('w1');
});

test('what an undo takes is counted', () => {
  const demand = { ...work('x').demand, streams: 9 };
  const waiting = [work('undo', { direction: 'undo' }), work('m')];
  expect(placed(view({ waiting, holding: [held('x', 'w1', { demand })] }))).toEqual({ undo: 'w1', m: null });
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
    const older = { ...big, queuedAt: NOW - AGE_STEP_MS };
    const given = view({ waiting: [older, work('m')], holding: [held('x', 'w1')] });
    expect(placed(given)).toEqual({ big: null, m: null });
    expect(reasonOf(given, 'big')).toContain('runs there alone');
    expect(reasonOf(given, 'm')).toContain('kept free for migration big');
  });
});

test('work that has waited long is not overtaken for ever by smaller work', () => {
  const wide = { ...work('wide').demand, streams: 4 };
  const holding = Array.from({ length: 8 }, (_, n) => held(`x${n}`, 'w0'));
  const waiting = [work('old', { demand: wide, queuedAt: NOW - 2 * AGE_STEP_MS }), work('new')];
  expect(placed(view({ waiting, holding }))).toEqual({ old: null, new: null });
  // Nor by that of a plan whose turn it is.
  const other = [waiting[0] as QueuedWork, work('new', { planId: 'other' })];
  expect(placed(view({ waiting: other, holding }))).toEqual({ old: null, new: null });
  const young = [work('old', { demand: wide }), work('new')];
  expect(placed(view({ waiting: young, holding }))).toEqual({ old: null, new: 'w1' });
});

const job = fc.record({
  host: fc.constantFrom('h1', 'h2', 'h3', null),
  store: fc.constantFrom('ds1', 'ds2'),
  streams: fc.integer({ min: 1, max: 8 }),
  plan: fc.constantFrom('a', 'b', null),
  priority: fc.integer({ min: -2, max: 2 }),
  age: fc.integer({ min: 0, max: 400 }),
  bytes: fc.nat(1000),
  scratch: fc.constantFrom(0, 0, 0, 50),
  phase: fc.constantFrom(null, null, null, 'copy' as const),
  direction: fc.constantFrom('forward' as const, 'forward' as const, 'forward' as const, 'undo' as const),
  worker: fc.nat(5),
});
type Job = typeof job extends fc.Arbitrary<infer T> ? T : never;

const arbitrary = fc.record({
  workers: fc.array(
    fc.record({
      slots: fc.integer({ min: 0, max: 5 }),
      alive: fc.constantFrom(true, true, true, false),
      disabled: fc.constantFrom(false, false, false, true),
      scratchBytes: fc.constantFrom(null, 10, 100),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  limits: fc.record({
    hostStreams: fc.integer({ min: 0, max: 6 }),
    sourceStreams: fc.integer({ min: 0, max: 20 }),
    datastoreStreams: fc.integer({ min: 0, max: 8 }),
    projectMigrations: fc.integer({ min: 0, max: 9 }),
    planMigrations: fc.integer({ min: 0, max: 5 }),
    overrides: fc.constantFrom<Record<string, number>>({}, { 'host:s:h1': 1 }, { 'datastore:s:ds1': 0 }),
  }),
  jobs: fc.array(job, { maxLength: 40 }),
  held: fc.array(job, { maxLength: 8 }),
});

function workOfJob(id: string, one: Job): QueuedWork {
  const { host, streams, bytes } = one;
  return work(id, {
    planId: one.plan,
    priority: one.priority,
    phase: one.phase,
    direction: one.direction,
    queuedAt: NOW - one.age * 60_000,
    lostBy: one.worker > 3 ? `w${one.worker}` : null,
    demand: { host, datastores: [one.store], streams, bytes, scratchBytes: one.scratch },
  });
}

function given(sample: typeof arbitrary extends fc.Arbitrary<infer T> ? T : never) {
  const workers = sample.workers.map((one, index) => worker(`w${index}`, one));
  const waiting = sample.jobs.map((one, index) => workOfJob(`m${index}`, one));
  const holding = sample.held.map((one, index) => ({
    ...workOfJob(`x${index}`, one),
    workerId: `w${one.worker % workers.length}`,
  }));
  return { workers, waiting, holding, limits: sample.limits };
}

/** What holds a worker of what was decided. */
function placedOf(decisions: ReturnType<typeof decide>, waiting: readonly QueuedWork[]): HeldWork[] {
  const byId = new Map(waiting.map((one) => [one.id, one]));
  return decisions.flatMap(({ id, workerId }) => {
    const one = byId.get(id);
    return one && workerId !== null ? [{ ...one, workerId }] : [];
  });
}

test('no limit is passed but by one that runs alone or puts back; no slot is used twice; everybody gets an answer', () => {
  fc.assert(
    fc.property(arbitrary, (sample) => {
      const { workers, waiting, holding, limits: bounds } = given(sample);
      const decisions = decide(view({ workers, waiting, holding }), bounds);
      expect(decisions.map((one) => one.id).toSorted()).toEqual(waiting.map((one) => one.id).toSorted());
      for (const { reason } of decisions) expect(reason).not.toBe('');
      const begun = placedOf(decisions, waiting);
      const all = [...holding, ...begun];
      const usage = new Usage(all, bounds);
      for (const one of begun) {
        const by = workers.find(({ id }) => id === one.workerId);
        expect(by).toMatchObject({ alive: true, disabled: false });
        expect(by?.scratchBytes ?? Infinity).toBeGreaterThanOrEqual(one.demand.scratchBytes);
        if (one.direction === 'undo') continue;
        expect(all.filter(({ workerId }) => workerId === one.workerId).length).toBeLessThanOrEqual(
          by?.slots ?? 0,
        );
        for (const { amount, resource } of usage.takesOf(one))
          expect(resource.used <= resource.limit || resource.used === amount).toBe(true);
      }
    }),
  );
});

test('nothing idles while something that nobody comes before could run', () => {
  fc.assert(
    fc.property(arbitrary, (sample) => {
      const { workers, waiting: all, limits: bounds } = given(sample);
      const waiting = all
        .map((one) => ({ ...one, queuedAt: NOW, priority: 0, phase: null, direction: 'forward' as const }))
        .filter((one) => !isOversized(takesOf(one, bounds)));
      const decisions = decide(view({ workers, waiting }), bounds);
      const byId = new Map(waiting.map((one) => [one.id, one]));
      const begun = placedOf(decisions, waiting);
      const usage = new Usage(begun, bounds);
      const canRun = (one: QueuedWork): boolean =>
        workers.some(
          ({ id, slots, alive, disabled, scratchBytes }) =>
            alive &&
            !disabled &&
            (scratchBytes ?? Infinity) >= one.demand.scratchBytes &&
            begun.filter(({ workerId }) => workerId === id).length < slots,
        );
      const idle = decisions.filter(({ id, workerId }) => {
        const one = byId.get(id);
        return workerId === null && one && canRun(one) && lacking(usage.takesOf(one)) === null;
      });
      expect(idle).toEqual([]);
    }),
  );
});

test('the same view gives the same decisions, and what was decided passes the recheck', () => {
  fc.assert(
    fc.property(arbitrary, (sample) => {
      const { workers, waiting, holding, limits: bounds } = given(sample);
      const decisions = decide(view({ workers, waiting, holding }), bounds);
      expect(decide(view({ workers: workers.toReversed(), waiting, holding }), bounds)).toEqual(decisions);
      const begun = placedOf(decisions, waiting);
      for (const one of begun) {
        const by = workers.find(({ id }) => id === one.workerId);
        const others = [...holding, ...begun].filter(({ id }) => id !== one.id);
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
