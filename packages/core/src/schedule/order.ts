import type { Take } from './resources.ts';
import type { HeldWork, QueuedWork } from './types.ts';

/** Waiting so long counts as one step of priority, up to the highest that waits: no priority starves; milliseconds. */
export const PRIORITY_STEP_MS = 60 * 60 * 1000;
/** Of one tier, who waited longer by this is not overtaken for ever by what lies at the same resource; milliseconds. */
export const AGE_STEP_MS = 10 * 60 * 1000;

/** What shares fairly: a plan, or, without one, everything of a project. Their ids differ, for both are random. */
function shareOf(work: { readonly planId: string | null; readonly projectId: string }): string {
  return work.planId ?? work.projectId;
}

/** Above every priority; finite, so that tiers can be subtracted. */
const BEGUN = Number.MAX_SAFE_INTEGER;

/**
 * What has begun comes before all else, for its source may be off. Else priority, to which waiting adds; but never
 * beyond the highest priority that waits: among equals age gives no share more than its part.
 */
function tierOf({ phase, priority }: QueuedWork, waited: number, highest: number): number {
  if (phase !== null) return BEGUN;
  return Math.max(priority, Math.min(highest, priority + Math.floor(waited / PRIORITY_STEP_MS)));
}

/** Work with what its order depends on. */
export interface Candidate<Workers = unknown> {
  readonly work: QueuedWork;
  readonly takes: readonly Take[];
  /** The workers that it can run on. */
  readonly among: Workers;
  /** How long it may run; seconds, by nominal rates: good for comparing, not for promising. */
  readonly seconds: number;
  /** By {@link tierOf}. */
  readonly tier: number;
  /** Whole {@link AGE_STEP_MS} that it waited. */
  readonly age: number;
  /** Whole {@link PRIORITY_STEP_MS} that it waited. */
  readonly hours: number;
  /** How much of its scarcest resource it takes: 0 to 1. */
  readonly part: number;
  /**
   * When all could be done at the soonest as far as it is concerned: what its fullest resource needs for all that
   * waits for it, or it alone; seconds, nominal. Known once all are ranked.
   */
  pressure: number;
  /** The same for its share alone: what it will be when the others have ended. */
  sharePressure: number;
}

/** Of one disk stream, nominal; bytes per second. */
const STREAM_RATE = 100 * 2 ** 20;
/**
 * By how much a resource takes longer than its work over what there is of it: migrations that take one to four of its
 * streams seldom fill it. Found with the published mixes.
 */
const PACKING = 1.15;
/** What a migration takes beside copying, nominal; seconds. */
const BESIDE_COPYING = 90;

export function candidateOf<Workers>(
  work: QueuedWork,
  takes: readonly Take[],
  among: Workers,
  when: { readonly now: number; readonly highest: number },
): Candidate<Workers> {
  const { bytes, streams } = work.demand;
  const seconds = BESIDE_COPYING + bytes / (STREAM_RATE * Math.max(1, streams));
  let part = 0;
  for (const take of takes) part = Math.max(part, partOf(take));
  const waited = Math.max(0, when.now - work.queuedAt);
  const tier = tierOf(work, waited, when.highest);
  const [age, hours] = [Math.floor(waited / AGE_STEP_MS), Math.floor(waited / PRIORITY_STEP_MS)];
  return { work, takes, among, tier, age, hours, seconds, part, pressure: 0, sharePressure: 0 };
}

/** Comes before the other whatever their shares and sizes are. */
export function precedes(a: Candidate, b: Candidate): boolean {
  return a.tier > b.tier || (a.tier === b.tier && a.age > b.age);
}

const partOf = ({ amount, resource }: Take): number => Math.min(1, amount / resource.limit);

/** How pressing each is among these, in their order. */
function pressures(candidates: readonly Candidate[], slots: number): readonly number[] {
  /** What waits for each resource, by its index; seconds. */
  const waiting: number[] = [];
  let total = 0;
  for (const { takes, seconds } of candidates) {
    total += seconds;
    for (const take of takes)
      waiting[take.resource.index] = (waiting[take.resource.index] ?? 0) + seconds * partOf(take);
  }
  // Slots are a resource too, which all take: what is scarcer than they are comes first, all else by its size.
  const least = slots > 0 ? total / slots : 0;
  return candidates.map(({ seconds, takes }) => {
    let most = Math.max(least, seconds);
    for (const { resource } of takes) most = Math.max(most, PACKING * (waiting[resource.index] ?? 0));
    return most;
  });
}

/**
 * Of one tier and share: who waited an hour longer goes first; of the same age what stands at the narrowest place;
 * there, what is hardest to fit in; of equals, what runs longest.
 */
function inShare(a: Candidate, b: Candidate): number {
  return (
    b.hours - a.hours ||
    b.pressure - a.pressure ||
    b.sharePressure - a.sharePressure ||
    b.part - a.part ||
    b.seconds - a.seconds
  );
}

/** What the order depends on beside the candidates. */
export interface Surroundings {
  readonly holding: readonly HeldWork[];
  /** Of all workers that may get work. */
  readonly slots: number;
}

/**
 * The order in which candidates are tried: by tier; in a tier the share that uses least goes next; in a share
 * by {@link inShare}. `used` counts what each share holds and grows as candidates are placed.
 */
export function* inOrder<Workers>(
  candidates: readonly Candidate<Workers>[],
  around: Surroundings,
  placed: (candidate: Candidate<Workers>) => boolean,
): Generator<Candidate<Workers>> {
  const { holding, slots } = around;
  const used = new Map<string, number>();
  for (const one of holding) used.set(shareOf(one), (used.get(shareOf(one)) ?? 0) + 1);
  const tiers = new Map<number, Map<string, Candidate<Workers>[]>>();
  for (const [at, pressure] of pressures(candidates, slots).entries())
    (candidates[at] as Candidate<Workers>).pressure = pressure;
  for (const one of candidates) {
    const shares = tiers.get(one.tier) ?? new Map<string, Candidate<Workers>[]>();
    tiers.set(one.tier, shares);
    const share = shareOf(one.work);
    const list = shares.get(share);
    if (list) list.push(one);
    else shares.set(share, [one]);
  }
  for (const shares of tiers.values())
    for (const list of shares.values())
      for (const [at, pressure] of pressures(list, slots).entries())
        (list[at] as Candidate<Workers>).sharePressure = pressure;
  for (const [, shares] of [...tiers].toSorted(([a], [b]) => b - a)) {
    const queues = [...shares].map(([share, list]) => ({ share, list: list.toSorted(inShare), next: 0 }));
    let live = queues;
    while (live.length > 0) {
      let best = live[0] as (typeof live)[number];
      for (const queue of live) if ((used.get(queue.share) ?? 0) < (used.get(best.share) ?? 0)) best = queue;
      // One after the other of the neediest share, until one of them is placed.
      let done = false;
      while (!done && best.next < best.list.length) {
        const candidate = best.list[best.next] as Candidate<Workers>;
        best.next += 1;
        yield candidate;
        done = placed(candidate);
      }
      if (done) used.set(best.share, (used.get(best.share) ?? 0) + 1);
      if (best.next >= best.list.length) live = live.filter((queue) => queue !== best);
    }
  }
}
