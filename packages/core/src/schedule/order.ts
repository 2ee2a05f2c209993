import { type Candidates, shareOf } from './candidates.ts';
import type { HeldWork } from './types.ts';

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
  /** By the number of the share. */
  const used: number[] = [];
  for (const one of holding) {
    const share = candidates.shareNumber(shareOf(one));
    used[share] = (used[share] ?? 0) + 1;
  }
  const tiers = new Map<number, Map<number, number[]>>();
  for (let at = 0; at < candidates.count; at += 1) {
    const tier = candidates.tier[at] as number;
    const shares = tiers.get(tier) ?? new Map<number, number[]>();
    tiers.set(tier, shares);
    const share = candidates.share[at] as number;
    const list = shares.get(share);
    if (list) list.push(at);
    else shares.set(share, [at]);
  }
  candidates.press(candidates.places(), slots, candidates.pressure);
  for (const [, shares] of [...tiers].toSorted(([a], [b]) => b - a)) {
    let live = [...shares].map(([share, list]) => {
      const places = Int32Array.from(list);
      candidates.press(places, slots, candidates.sharePressure);
      return { share, places: candidates.inShare(places), next: 0 };
    });
    while (live.length > 0) {
      let best = live[0] as (typeof live)[number];
      for (const queue of live) if ((used[queue.share] ?? 0) < (used[best.share] ?? 0)) best = queue;
      // One after the other of the neediest share, until one of them is placed.
      let done = false;
      while (!done && best.next < best.places.length) {
        const at = best.places[best.next] as number;
        best.next += 1;
        yield at;
        done = placed();
      }
      if (done) used[best.share] = (used[best.share] ?? 0) + 1;
      if (best.next >= best.places.length) live = live.filter((queue) => queue !== best);
    }
  }
}
