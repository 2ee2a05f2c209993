import { counted } from '../counted.ts';
import type { Service } from '../service.ts';
import { CAPACITY_FILTER, FILTERS } from './filters.ts';
import type { Limits } from './limits.ts';
import { Candidates } from './candidates.ts';
import { inOrder } from './order.ts';
import { labelOf, lacking, lackText, type Take, Usage } from './resources.ts';
import type { Decision, HeldWork, QueuedWork, SchedulingTrace, SchedulingView } from './types.ts';
import { type Peers, peersOf, weigh, type WorkerLoad } from './weighers.ts';

/** How many workers a trace names. */
const TRACED = 3;

type FilterTrace = SchedulingTrace['filters'];

/** Workers that can run work with the same wants, and why others cannot. */
interface Eligible {
  readonly loads: readonly WorkerLoad[];
  readonly peers: Peers;
  /** Of each of the loads, as it stands; known once all that waits was looked at. */
  weights: number[];
  readonly trace: FilterTrace;
  /** Why there is nobody; null when there is somebody. */
  readonly reason: string | null;
  /** What is said once no slot is left this round; null while one is. */
  full: { readonly reason: string; readonly filters: FilterTrace } | null;
}

/** One round: a decision for everything that waits. Pure; the same view gives the same decisions. */
export function decide(view: SchedulingView, limits: Limits): readonly Decision[] {
  return new Round(view, limits).decisions();
}

class Round {
  readonly #view: SchedulingView;
  readonly #usage: Usage;
  readonly #loads: readonly WorkerLoad[];
  /** One per kind of wants that a filter looks at, with a sample. */
  readonly #eligible: Wanting[] = [];
  #last: Wanting | null = null;
  /** What was last said of who lacks a resource, by its index. */
  readonly #lack: (Decision | undefined)[] = [];
  readonly #forward: Candidates<Eligible>;
  /** For whom resources are kept free of work of lower tiers, by their index. */
  readonly #kept: (number | undefined)[] = [];
  /** Something lacked a resource already. */
  #lacked = false;

  constructor(view: SchedulingView, limits: Limits) {
    this.#view = view;
    this.#usage = new Usage(view.holding, limits);
    this.#forward = new Candidates(view.waiting.length);
    const held = new Map<string, number>();
    for (const { workerId } of view.holding) held.set(workerId, (held.get(workerId) ?? 0) + 1);
    this.#loads = view.workers
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map((worker) => ({ worker, held: held.get(worker.id) ?? 0, suspect: false }));
  }

  decisions(): readonly Decision[] {
    const { holding, workers } = this.#view;
    const decisions = this.#collect().map((work) => this.#undo(work));
    this.#keepForOldest();
    const slots = workers.reduce((sum, one) => sum + (one.alive && !one.disabled ? one.slots : 0), 0);
    let last: Decision | null = null;
    for (const at of inOrder(this.#forward, { holding, slots }, () => last?.workerId !== null)) {
      last = this.#decide(at);
      decisions.push(last);
    }
    return decisions;
  }

  /** Looks at everything that waits, once; gives what is to be undone. */
  #collect(): readonly QueuedWork[] {
    const { waiting, now } = this.#view;
    const undo: QueuedWork[] = [];
    const losers = new Set<string>();
    let highest = -Infinity;
    for (const work of waiting) {
      if (work.lostBy !== null) losers.add(work.lostBy);
      highest = Math.max(highest, work.priority);
      const eligible = this.#eligibleFor(work);
      if (work.direction === 'undo') undo.push(work);
      else this.#forward.add(work, this.#usage, eligible, now);
    }
    this.#forward.rank(highest);
    for (const load of this.#loads) load.suspect = losers.has(load.worker.id);
    for (const { eligible } of this.#eligible)
      eligible.weights = eligible.loads.map((load) => weigh(load, eligible.peers));
    return undo;
  }

  /** It frees what others wait for: no limit holds it, and the least loaded worker takes it beyond its slots. */
  #undo(work: QueuedWork): Decision {
    const eligible = this.#eligibleFor(work);
    if (eligible.reason !== null) return waits(work.id, eligible.reason, eligible.trace, null);
    this.#usage.take(this.#usage.takesOf(work));
    return this.#place(
      work.id,
      eligible,
      bestOf(eligible, () => true),
      'puts things back before anything new begins',
    );
  }

  #decide(at: number): Decision {
    const forward = this.#forward;
    const [id, eligible] = [forward.ids[at] as string, forward.among[at] as Eligible];
    if (eligible.reason !== null) return waits(id, eligible.reason, eligible.trace, null);
    const lack = forward.lacking(at);
    if (lack) {
      this.#keep(at, lack);
      return this.#lacks(id, lack, eligible);
    }
    const takes = forward.takesOf(at);
    for (const take of takes) {
      const owner = this.#kept[take.resource.index];
      if (owner === undefined || !forward.precedes(owner, at)) continue;
      const reason = `${labelOf(take.resource)} is kept free for migration ${forward.ids[owner]}, which comes first`;
      return waits(id, reason, eligible.trace, limitOf(take));
    }
    const best = eligible.full === null ? bestOf(eligible, isFree) : null;
    if (!best || best.free === 0) {
      eligible.full ??= fullOf(eligible);
      return waits(id, eligible.full.reason, eligible.full.filters, null);
    }
    this.#usage.take(takes);
    return this.#place(id, eligible, best, 'its turn has come');
  }

  #place(id: string, { trace }: Eligible, { free, loads }: Best, why: string): Decision {
    const weights = loads.map(({ load, weight }) => ({ workerId: load.worker.id, weight }));
    const [first] = loads;
    if (!first) return waits(id, 'no worker is left', trace, null);
    const { held, worker } = first.load;
    first.load.held += 1;
    for (const { eligible } of this.#eligible) {
      const at = eligible.loads.indexOf(first.load);
      if (at >= 0) eligible.weights[at] = weigh(first.load, eligible.peers);
    }
    return {
      id,
      workerId: worker.id,
      reason: `${why}; ${held} of ${worker.slots} slots of ${worker.host} were taken`,
      trace: {
        filters: [...trace, { name: CAPACITY_FILTER, left: free, reason: null }],
        weights,
        limit: null,
      },
    };
  }

  /** Of all shares: in the order below, work of a share that has little would come before what is older. */
  #keepForOldest(): void {
    const forward = this.#forward;
    let first: number | undefined;
    let alike = true;
    for (let at = 0; at < forward.count; at += 1) {
      if (alike && (forward.precedes(at, 0) || forward.precedes(0, at))) alike = false;
      const lack = forward.among[at]?.reason === null ? forward.lacking(at) : null;
      if (!lack) continue;
      if (first === undefined || forward.precedes(at, first)) first = at;
      const { index } = lack.resource;
      const owner = this.#kept[index];
      if (owner === undefined || forward.precedes(at, owner)) this.#kept[index] = at;
    }
    if (alike) this.#kept.length = 0;
    else if (first !== undefined) this.#keepAll(first);
  }

  /**
   * So that nothing starves: what lacks a resource closes it to what it precedes (younger, or of less priority),
   * however well that would fit into the rest; the first in order closes all that it takes (as EASY backfilling
   * reserves for the head of the queue). To its peers nothing is closed: they are finite, and closing wastes.
   */
  #keep(at: number, lack: Take): void {
    if (this.#lacked) this.#kept[lack.resource.index] ??= at;
    else this.#keepAll(at);
  }

  #keepAll(first: number): void {
    for (const { resource } of this.#forward.takesOf(first)) this.#kept[resource.index] = first;
    this.#lacked = true;
  }

  /** Thousands wait for the same: they share the words and the trace. */
  #lacks(id: string, lack: Take, { trace }: Eligible): Decision {
    const { resource, amount } = lack;
    const known = this.#lack[resource.index];
    const limit = known?.trace.limit;
    const same = limit?.used === resource.used && limit.wanted === amount;
    if (known && same && known.trace.filters === trace) {
      const { reason } = known;
      return { id, workerId: null, reason, trace: known.trace };
    }
    const decision = waits(id, lackText(lack), trace, limitOf(lack));
    this.#lack[resource.index] = decision;
    return decision;
  }

  #eligibleFor(work: QueuedWork): Eligible {
    // Most work wants the same: looked at before anything is looked up.
    let found = this.#last;
    if (!found || !wantsSame(found.work, work)) {
      found = this.#eligible.find((one) => wantsSame(one.work, work)) ?? {
        work,
        eligible: this.#filter(work),
      };
      if (found.work === work) this.#eligible.push(found);
      this.#last = found;
    }
    return found.eligible;
  }

  #filter(work: QueuedWork): Eligible {
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
    return { loads, peers: peersOf(loads), weights: [], trace, reason, full: null };
  }
}

interface Wanting {
  readonly work: QueuedWork;
  readonly eligible: Eligible;
}

/** In everything that a filter looks at. */
function wantsSame(a: QueuedWork, b: QueuedWork): boolean {
  return (
    a.sourceDriver === b.sourceDriver &&
    a.destinationDriver === b.destinationDriver &&
    a.direction === b.direction &&
    a.demand.transport === b.demand.transport &&
    a.demand.scratchBytes === b.demand.scratchBytes
  );
}

function waits(id: string, reason: string, filters: FilterTrace, limit: SchedulingTrace['limit']): Decision {
  return { id, workerId: null, reason, trace: { filters, weights: [], limit } };
}

function limitOf({ amount, resource }: Take): SchedulingTrace['limit'] {
  return { resource: resource.key, used: resource.used, wanted: amount, limit: resource.limit };
}

const isFree = ({ held, worker }: WorkerLoad): boolean => held < worker.slots;

function fullOf({ loads, trace }: Eligible): NonNullable<Eligible['full']> {
  const slots = loads.reduce((sum, one) => sum + one.worker.slots, 0);
  const reason = `every slot is taken: ${counted(slots, 'slot')} of ${counted(loads.length, 'worker')}`;
  return { reason, filters: [...trace, { name: CAPACITY_FILTER, left: 0, reason }] };
}

interface Best {
  /** How many may be asked. */
  readonly free: number;
  /** The best few of them, best first. */
  readonly loads: readonly { readonly load: WorkerLoad; readonly weight: number }[];
}

function bestOf({ loads, weights }: Eligible, mayBeAsked: (load: WorkerLoad) => boolean): Best {
  const found: { load: WorkerLoad; weight: number }[] = [];
  let free = 0;
  for (const [at, load] of loads.entries()) {
    if (!mayBeAsked(load)) continue;
    free += 1;
    const weight = weights[at] as number;
    const worst = found[TRACED - 1];
    if (worst && weight <= worst.weight) continue;
    const place = found.findIndex((one) => weight > one.weight);
    found.splice(place < 0 ? found.length : place, 0, { load, weight });
    if (found.length > TRACED) found.pop();
  }
  return { free, loads: found };
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
  const lack = lacking(new Usage(holding, limits).takesOf(work));
  return lack ? lackText(lack) : null;
}
