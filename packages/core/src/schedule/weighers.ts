import type { Service } from '../service.ts';

/** How a worker stands in this round. */
export interface WorkerLoad {
  readonly worker: Service;
  /** Migrations it holds. */
  held: number;
  /** It let a lease or a reservation pass just now. */
  readonly suspect: boolean;
}

/** Orders workers that passed all filters: each weigher gives 0 (worst) to 1 (best), times its multiplier. */
export interface Weigher {
  readonly name: string;
  readonly multiplier: number;
  weigh(load: WorkerLoad, all: readonly WorkerLoad[]): number;
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
    weigh: ({ worker }, all) => {
      if (worker.bytesPerSecond === null) return 1;
      const most = Math.max(...all.map((one) => one.worker.bytesPerSecond ?? 0));
      return most === 0 ? 1 : worker.bytesPerSecond / most;
    },
  },
];

export function weigh(load: WorkerLoad, all: readonly WorkerLoad[]): number {
  return WEIGHERS.reduce((sum, weigher) => sum + weigher.multiplier * weigher.weigh(load, all), 0);
}
