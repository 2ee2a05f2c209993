import {
  decide as guts,
  type Decision,
  type HeldWork,
  type Limits,
  type QueuedWork,
  type SchedulingView,
  type Service,
} from '@guts/core';
import { boundOf, workOf } from './bound.ts';
import type { Job, Mix } from './mixes.ts';
import { Overtaken } from './overtaken.ts';
import { random } from './random.ts';

export interface SimulationOptions {
  readonly mix: Mix;
  readonly migrations: number;
  readonly workers: number;
  readonly slots: number;
  readonly seed: number;
  readonly limits: Limits;
  /** Between rounds; seconds of virtual time. */
  readonly roundSeconds: number;
  /** Another policy to compare with. */
  readonly decide?: (view: SchedulingView, limits: Limits) => readonly Decision[];
  readonly onProgress?: (ended: number, total: number) => void;
}

export interface SimulationResult {
  readonly mix: string;
  readonly migrations: number;
  readonly workers: number;
  readonly seed: number;
  readonly ended: number;
  readonly makespanSeconds: number;
  readonly bound: { readonly seconds: number; readonly by: string };
  /** Makespan over bound; 1 is as good as can be. */
  readonly ratio: number;
  /** Busy slots over all slots, up to the end. */
  readonly utilisation: number;
  /** Jain's index of what plans got per want, while several wanted; 1 is fair; null: one plan. */
  readonly fairness: number | null;
  readonly waitSeconds: { readonly median: number; readonly p95: number; readonly max: number };
  /**
   * Starvation shows here. The worst case of: a migration goes on waiting in a round that gives what it waits for to
   * another one of no more priority, which was asked for so much later; seconds.
   */
  readonly overtakenSeconds: number;
  readonly rounds: number;
}

interface Running {
  readonly job: Job;
  readonly work: HeldWork;
  readonly ends: number;
}

const DRIVERS: Service['drivers'] = [
  { name: 'vsphere', side: 'source', title: 'vSphere', settings: {}, secret: {} },
  { name: 'openstack', side: 'destination', title: 'OpenStack', settings: {}, secret: {} },
];

function workersOf(count: number, slots: number): Service[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `worker-${String(index).padStart(4, '0')}`,
    binary: 'guts-migration',
    host: `worker-${index}`,
    version: 'simulated',
    disabled: false,
    disabledReason: null,
    draining: false,
    alive: true,
    heartbeatAt: '',
    startedAt: '',
    slots,
    scratchBytes: null,
    bytesPerSecond: null,
    bytesPerSecondLimit: null,
    drivers: DRIVERS,
  }));
}

/** A round of it: everything of a mix waits, and all workers are idle. */
export function simulatedView(size: {
  readonly mix: Mix;
  readonly migrations: number;
  readonly workers: number;
  readonly slots: number;
  readonly seed: number;
}): SchedulingView {
  const { mix, migrations, seed } = size;
  return {
    now: 0,
    waiting: mix.jobs({ migrations, seed }).map((job) => ({ ...workOf(job, 0), reason: null, lostBy: null })),
    holding: [],
    workers: workersOf(size.workers, size.slots),
  };
}

/** How fairly plans were served at one moment: what each runs, over its part of what could run. */
class Fairness {
  #sum = 0;
  #weight = 0;

  look(waiting: readonly QueuedWork[], running: readonly Running[], seconds: number): void {
    const wants = new Set(waiting.map((one) => one.planId));
    const tiers = new Set(waiting.map((one) => one.priority));
    // Priorities are meant to be unfair: looked at are moments when equals compete.
    if (wants.size < 2 || tiers.size > 1) return;
    const shares = [...wants].map((plan) => running.filter((one) => one.job.planId === plan).length);
    const total = shares.reduce((sum, one) => sum + one, 0);
    const squares = shares.reduce((sum, one) => sum + one * one, 0);
    if (squares === 0) return;
    this.#sum += ((total * total) / (shares.length * squares)) * seconds;
    this.#weight += seconds;
  }

  get index(): number | null {
    return this.#weight === 0 ? null : this.#sum / this.#weight;
  }
}

/** Runs a mix on a virtual clock by the very decisions that the scheduler makes. */
export function simulate(options: SimulationOptions): SimulationResult {
  const { mix, limits, roundSeconds, seed, decide = guts } = options;
  const jobs = mix.jobs({ migrations: options.migrations, seed });
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const next = random(seed + 1);
  let workers = workersOf(options.workers, options.slots);
  const arriving = jobs.toSorted((a, b) => a.arrives - b.arrives);
  let waiting: QueuedWork[] = [];
  let running: Running[] = [];
  const waited = new Map<string, number>();
  const fairness = new Fairness();
  const overtaken = new Overtaken(limits);
  let now = 0;
  let ended = 0;
  let arrived = 0;
  let rounds = 0;
  let busy = 0;
  let makespan = 0;
  const queue = (job: Job, at: number): void => {
    waiting.push({ ...workOf(job, at * 1000), reason: null, lostBy: null });
  };

  while (ended < jobs.length) {
    for (let job = arriving[arrived]; job && job.arrives <= now; job = arriving[arrived]) {
      queue(job, job.arrives);
      arrived += 1;
    }
    if (mix.churn) {
      workers = workers.map((one) => ({ ...one, alive: one.alive ? next() > 0.0005 : next() < 0.05 }));
      const dead = new Set(workers.filter((one) => !one.alive).map((one) => one.id));
      for (const one of running)
        // Its lease passes, and it begins again elsewhere: the worst case, for checkpoints save most of it.
        if (dead.has(one.work.workerId)) queue(one.job, now);
      running = running.filter((one) => !dead.has(one.work.workerId));
    }
    if (waiting.length > 0) {
      rounds += 1;
      const holding = running.map((one) => one.work);
      const started = new Set<string>();
      const decisions = decide({ now: now * 1000, waiting, holding, workers }, limits);
      overtaken.look(decisions, byId);
      for (const { id, workerId } of decisions) {
        const job = byId.get(id);
        if (workerId === null || !job) continue;
        started.add(id);
        if (!waited.has(id)) waited.set(id, now - job.arrives);
        const work = { ...workOf(job, now * 1000), workerId };
        running.push({ job, work, ends: now + job.seconds });
      }
      waiting = waiting.filter((one) => !started.has(one.id));
      fairness.look(waiting, running, roundSeconds);
    }
    // To the round after something ends or arrives: nothing changes in between.
    const firstEnd = Math.min(...running.map((one) => one.ends), arriving[arrived]?.arrives ?? Infinity);
    const until = mix.churn || firstEnd <= now ? now + roundSeconds : Math.max(now + roundSeconds, firstEnd);
    const done = running.filter((one) => one.ends <= until);
    for (const one of running) busy += Math.min(one.ends, until) - now;
    for (const one of done) makespan = Math.max(makespan, one.ends);
    ended += done.length;
    running = running.filter((one) => one.ends > until);
    now = until;
    if (running.length === 0 && waiting.length > 0 && rounds > jobs.length * 100)
      throw new Error('the simulation does not end: something can never run');
    options.onProgress?.(ended, jobs.length);
  }

  const slots = options.workers * options.slots;
  const bound = boundOf(jobs, limits, slots);
  const waits = [...waited.values()].toSorted((a, b) => a - b);
  const at = (share: number): number =>
    waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0;
  return {
    mix: mix.name,
    migrations: jobs.length,
    workers: options.workers,
    seed,
    ended,
    makespanSeconds: makespan,
    bound,
    ratio: makespan / bound.seconds,
    utilisation: busy / (slots * makespan),
    fairness: fairness.index,
    waitSeconds: { median: at(0.5), p95: at(0.95), max: at(1) },
    overtakenSeconds: overtaken.seconds,
    rounds,
  };
}
