import type { Service } from '../service.ts';

/** How a worker stands in this round. */
export interface WorkerLoad {
  readonly worker: Service;
  /** Migrations it holds. */
  held: number;
  /** It let a lease or a reservation pass just now. */
  suspect: boolean;
}

/** Orders workers that passed all filters: each weigher gives 0 (worst) to 1 (best), times its multiplier. */
export interface Weigher {
  readonly name: string;
  readonly multiplier: number;
  weigh(load: WorkerLoad, peers: Peers): number;
}

/** What a worker is compared with: taken once for many workers. */
export interface Peers {
  /** Of the best of them; 0: not known of any. */
  readonly bytesPerSecond: number;
}

/** What a worker may use of what it has; null: neither is known. */
function bandwidthOf({ bytesPerSecond, bytesPerSecondLimit }: Service): number | null {
  if (bytesPerSecondLimit === null) return bytesPerSecond;
  return Math.min(bytesPerSecond ?? Infinity, bytesPerSecondLimit);
}

export function peersOf(all: readonly WorkerLoad[]): Peers {
  return { bytesPerSecond: all.reduce((most, { worker }) => Math.max(most, bandwidthOf(worker) ?? 0), 0) };
}

export const WEIGHERS: readonly Weigher[] = [
  {
    // Who lost work just now gets it again only when there is nobody else.
    name: 'LossWeigher',
    multiplier: 10,
    weigh: ({ suspect }) => (suspect ? 0 : 1),
  },
  {
    // The freest first: work spreads over the workers.
    name: 'CapacityWeigher',
    multiplier: 1,
    weigh: ({ worker, held }) => Math.max(0, 1 - held / Math.max(1, worker.slots)),
  },
  {
    // Among equals, the one with more bandwidth.
    name: 'BandwidthWeigher',
    multiplier: 0.1,
    weigh: ({ worker }, peers) => {
      const bandwidth = bandwidthOf(worker);
      return bandwidth === null || peers.bytesPerSecond === 0 ? 1 : bandwidth / peers.bytesPerSecond;
    },
  },
];

export function weigh(load: WorkerLoad, peers: Peers): number {
  let sum = 0;
  for (const weigher of WEIGHERS) sum += weigher.multiplier * weigher.weigh(load, peers);
  return sum;
}
