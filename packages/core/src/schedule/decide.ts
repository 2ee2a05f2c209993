import type { Service } from '../service.ts';
import { CAPACITY_FILTER, FILTERS } from './filters.ts';
import type { Limits } from './limits.ts';
import { type Candidate, inOrder } from './order.ts';
import { isOversized, lackText, type Take, takesOf, Usage } from './resources.ts';
import type { Decision, HeldWork, QueuedWork, SchedulingTrace, SchedulingView } from './types.ts';
import { weigh, type WorkerLoad } from './weighers.ts';

/** Work that has waited so long keeps what it waits for free of later work; milliseconds. */
const PATIENCE_MS = 10 * 60 * 1000;
/** How many workers a trace names. */
const TRACED = 3;

type FilterTrace = SchedulingTrace['filters'];

/** Workers that can run work with the same wants, and why others cannot. */
interface Eligible {
  readonly loads: readonly WorkerLoad[];
  readonly trace: FilterTrace;
  /** Why there is nobody; null when there is somebody. */
  readonly reason: string | null;
  /** No slot is left this round. */
  full: boolean;
}

/** One round: a decision for everything that waits. Pure; the same view gives the same decisions. */
export function decide(view: SchedulingView, limits: Limits): readonly Decision[] {
  return new Round(view, limits).decisions();
}

class Round {
  readonly #view: SchedulingView;
  readonly #limits: Limits;
  readonly #usage: Usage;
  readonly #loads: readonly WorkerLoad[];
  readonly #eligible = new Map<string, Eligible>();
  /** Resources that are kept free, and for whom. */
  readonly #kept = new Map<string, QueuedWork>();

  constructor(view: SchedulingView, limits: Limits) {
    this.#view = view;
    this.#limits = limits;
    this.#usage = new Usage(view.holding, limits);
    const held = new Map<string, number>();
    for (const { workerId } of view.holding) held.set(workerId, (held.get(workerId) ?? 0) + 1);
    const losers = new Set(view.waiting.map((work) => work.lostBy));
    this.#loads = view.workers
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map((worker) => ({ worker, held: held.get(worker.id) ?? 0, suspect: losers.has(worker.id) }));
  }

  decisions(): readonly Decision[] {
    const { waiting, now, holding } = this.#view;
    const decisions: Decision[] = [];
    const forward: Candidate[] = [];
    for (const work of waiting) {
      if (work.direction === 'undo') decisions.push(this.#undo(work));
      else forward.push({ work, takes: takesOf(work, this.#limits) });
    }
    let last: Decision | null = null;
    for (const candidate of inOrder(forward, now, holding, () => last?.workerId !== null)) {
      last = this.#forward(candidate);
      decisions.push(last);
    }
    return decisions;
  }

  /** It frees what others wait for: no limit holds it, and the least loaded worker takes it beyond its slots. */
  #undo(work: QueuedWork): Decision {
    const eligible = this.#eligibleFor(work);
    if (eligible.reason !== null) return waits(work, eligible.reason, eligible.trace, null);
    return this.#place(work, eligible, eligible.loads, 'puts things back before anything new begins');
  }

  #forward({ work, takes }: Candidate): Decision {
    const eligible = this.#eligibleFor(work);
    if (eligible.reason !== null) return waits(work, eligible.reason, eligible.trace, null);
    const lack = this.#usage.lacking(takes);
    if (lack) {
      const old = this.#view.now - work.queuedAt > PATIENCE_MS;
      if (old || isOversized(takes)) this.#keep(work, takes);
      return waits(work, lackText(lack), eligible.trace, this.#limit(lack));
    }
    const kept = takes.find((one) => this.#kept.has(one.key));
    if (kept) {
      const owner = this.#kept.get(kept.key);
      const reason = `${kept.label} is kept free for migration ${owner?.id ?? ''}, which has waited longer`;
      return waits(work, reason, eligible.trace, this.#limit(kept));
    }
    const free = eligible.full ? [] : eligible.loads.filter((one) => one.held < one.worker.slots);
    if (free.length === 0) {
      eligible.full = true;
      const slots = eligible.loads.reduce((sum, one) => sum + one.worker.slots, 0);
      const reason = `all ${slots} slots of ${eligible.loads.length} workers are taken`;
      return waits(work, reason, [...eligible.trace, { name: CAPACITY_FILTER, left: 0, reason }], null);
    }
    this.#usage.take(takes);
    return this.#place(work, eligible, free, 'its turn has come');
  }

  #place(work: QueuedWork, eligible: Eligible, free: readonly WorkerLoad[], why: string): Decision {
    const weights = best(free, eligible.loads);
    const [first] = weights;
    const load = free.find((one) => one.worker.id === first?.workerId);
    if (!load) return waits(work, 'no worker is left', eligible.trace, null);
    const { held } = load;
    load.held += 1;
    return {
      id: work.id,
      workerId: load.worker.id,
      reason: `${why}; ${held} of ${load.worker.slots} slots of ${load.worker.host} were taken`,
      trace: {
        filters: [...eligible.trace, { name: CAPACITY_FILTER, left: free.length, reason: null }],
        weights,
        limit: null,
      },
    };
  }

  #keep(work: QueuedWork, takes: readonly Take[]): void {
    for (const { key } of takes)
      if (this.#usage.of(key) > 0 && !this.#kept.has(key)) this.#kept.set(key, work);
  }

  #limit({ key, amount, limit }: Take): SchedulingTrace['limit'] {
    return { resource: key, used: this.#usage.of(key), wanted: amount, limit };
  }

  #eligibleFor(work: QueuedWork): Eligible {
    const key = `${work.sourceDriver}\n${work.destinationDriver}\n${work.demand.scratchBytes}`;
    const known = this.#eligible.get(key);
    if (known) return known;
    let loads = this.#loads;
    const trace: { name: string; left: number; reason: string | null }[] = [];
    let reason: string | null = null;
    for (const filter of FILTERS) {
      const asked = loads.length;
      loads = loads.filter((one) => filter.passes(one.worker, work));
      if (loads.length === 0) reason = filter.reason(work, asked);
      trace.push({ name: filter.name, left: loads.length, reason });
      if (reason !== null) break;
    }
    const eligible: Eligible = { loads, trace, reason, full: false };
    this.#eligible.set(key, eligible);
    return eligible;
  }
}

function waits(
  work: QueuedWork,
  reason: string,
  filters: FilterTrace,
  limit: SchedulingTrace['limit'],
): Decision {
  return { id: work.id, workerId: null, reason, trace: { filters, weights: [], limit } };
}

/** The best few, best first. */
function best(free: readonly WorkerLoad[], all: readonly WorkerLoad[]): SchedulingTrace['weights'] {
  const found: { workerId: string; weight: number }[] = [];
  for (const load of free) {
    const weight = weigh(load, all);
    const place = found.findIndex((one) => weight > one.weight);
    if (place >= 0) found.splice(place, 0, { workerId: load.worker.id, weight });
    else if (found.length < TRACED) found.push({ workerId: load.worker.id, weight });
    if (found.length > TRACED) found.pop();
  }
  return found;
}

/**
 * Asked by the worker that is about to start: whether the limits still have room beside everything else that holds
 * a worker. A reason when not; undo always may.
 */
export function recheck(
  work: QueuedWork,
  holding: readonly HeldWork[],
  worker: Service,
  limits: Limits,
): string | null {
  if (work.direction === 'undo') return null;
  if (worker.disabled) return `worker ${worker.host} was disabled meanwhile`;
  const held = holding.filter((one) => one.workerId === worker.id).length;
  if (held >= worker.slots) return `all ${worker.slots} slots of ${worker.host} are taken meanwhile`;
  const lack = new Usage(holding, limits).lacking(takesOf(work, limits));
  return lack ? lackText(lack) : null;
}
