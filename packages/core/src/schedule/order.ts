import type { Candidates } from './candidates.ts';
import type { HeldWork, QueuedWork } from './types.ts';

/** What shares fairly: a plan, or, without one, everything of a project. Their ids differ, for both are random. */
function shareOf(work: { readonly planId: string | null; readonly projectId: string }): string {
  return work.planId ?? work.projectId;
}

/** What the order depends on beside the candidates. */
export interface Surroundings {
  readonly holding: readonly HeldWork[];
  /** Of all workers that may get work. */
  readonly slots: number;
}

/**
 * The places of candidates in the order in which they are tried: by tier; in a tier the share that uses least goes
 * next; in a share by {@link Candidates.inShare}. `used` counts what each share holds and grows as they are placed.
 * @param placed whether the last one got a worker
 */
export function* inOrder(
  candidates: Candidates,
  { holding, slots }: Surroundings,
  placed: () => boolean,
): Generator<number> {
  const used = new Map<string, number>();
  for (const one of holding) used.set(shareOf(one), (used.get(shareOf(one)) ?? 0) + 1);
  const tiers = new Map<number, Map<string, number[]>>();
  for (let at = 0; at < candidates.count; at += 1) {
    const tier = candidates.tier[at] as number;
    const shares = tiers.get(tier) ?? new Map<string, number[]>();
    tiers.set(tier, shares);
    const share = shareOf(candidates.work[at] as QueuedWork);
    const list = shares.get(share);
    if (list) list.push(at);
    else shares.set(share, [at]);
  }
  candidates.press(Int32Array.from(candidates.work.keys()), slots, candidates.pressure);
  for (const [, shares] of [...tiers].toSorted(([a], [b]) => b - a)) {
    let live = [...shares].map(([share, list]) => {
      const places = Int32Array.from(list);
      candidates.press(places, slots, candidates.sharePressure);
      return { share, places: candidates.inShare(places), next: 0 };
    });
    while (live.length > 0) {
      let best = live[0] as (typeof live)[number];
      for (const queue of live) if ((used.get(queue.share) ?? 0) < (used.get(best.share) ?? 0)) best = queue;
      // One after the other of the neediest share, until one of them is placed.
      let done = false;
      while (!done && best.next < best.places.length) {
        const at = best.places[best.next] as number;
        best.next += 1;
        yield at;
        done = placed();
      }
      if (done) used.set(best.share, (used.get(best.share) ?? 0) + 1);
      if (best.next >= best.places.length) live = live.filter((queue) => queue !== best);
    }
  }
}
