import type { Take } from './resources.ts';
import type { HeldWork, QueuedWork } from './types.ts';

/** Waiting so long counts as one step of priority; milliseconds. */
export const AGEING_MS = 10 * 60 * 1000;

/** What shares fairly: a plan, or, without one, everything of a project. */
export function shareOf(work: { readonly planId: string | null; readonly projectId: string }): string {
  return work.planId === null ? `project:${work.projectId}` : `plan:${work.planId}`;
}

/** Priority with age: what waits long enough comes before everything, so that nothing starves. */
export function tierOf(work: QueuedWork, now: number): number {
  return work.priority + Math.floor(Math.max(0, now - work.queuedAt) / AGEING_MS);
}

export interface Candidate {
  readonly work: QueuedWork;
  readonly takes: readonly Take[];
}

/**
 * How long the fullest resource of each candidate needs for all that waits on it, in units of work: what stands at
 * the narrowest place goes first, and of that the largest, so that the end is not spent waiting for one of them.
 */
function pressures(candidates: readonly Candidate[]): number[] {
  const waiting = new Map<string, number>();
  const size = ({ work }: Candidate): number => Math.max(1, work.demand.bytes);
  for (const one of candidates)
    for (const { key, amount, limit } of one.takes)
      waiting.set(key, (waiting.get(key) ?? 0) + (size(one) * Math.min(amount, limit)) / limit);
  return candidates.map(({ takes }) => Math.max(0, ...takes.map(({ key }) => waiting.get(key) ?? 0)));
}

/**
 * The order in which candidates are tried: by tier; in a tier the share that uses least goes next; in a share by
 * pressure, then size, then age. `used` counts what each share holds and grows as candidates are placed.
 */
export function* inOrder(
  candidates: readonly Candidate[],
  now: number,
  holding: readonly HeldWork[],
  placed: (candidate: Candidate) => boolean,
): Generator<Candidate> {
  const used = new Map<string, number>();
  for (const one of holding) used.set(shareOf(one), (used.get(shareOf(one)) ?? 0) + 1);
  const pressure = pressures(candidates);
  const tiers = new Map<number, Map<string, number[]>>();
  for (const [index, { work }] of candidates.entries()) {
    const tier = tierOf(work, now);
    const shares = tiers.get(tier) ?? new Map<string, number[]>();
    tiers.set(tier, shares);
    const share = shareOf(work);
    const list = shares.get(share);
    if (list) list.push(index);
    else shares.set(share, [index]);
  }
  const at = (index: number): Candidate => candidates[index] as Candidate;
  const first = (a: number, b: number): number =>
    (pressure[b] ?? 0) - (pressure[a] ?? 0) || at(b).work.demand.bytes - at(a).work.demand.bytes || a - b;
  for (const [, shares] of [...tiers].toSorted(([a], [b]) => b - a)) {
    const queues = [...shares].map(([share, list]) => ({ share, list: list.toSorted(first), next: 0 }));
    let live = queues;
    while (live.length > 0) {
      let best = live[0] as (typeof live)[number];
      for (const queue of live) if ((used.get(queue.share) ?? 0) < (used.get(best.share) ?? 0)) best = queue;
      // One after the other of the neediest share, until one of them is placed.
      let done = false;
      while (!done && best.next < best.list.length) {
        const candidate = at(best.list[best.next] as number);
        best.next += 1;
        yield candidate;
        done = placed(candidate);
      }
      if (done) used.set(best.share, (used.get(best.share) ?? 0) + 1);
      if (best.next >= best.list.length) live = live.filter((queue) => queue !== best);
    }
  }
}
