import type { Service } from '../service.ts';
import type { Work } from './types.ts';

/** Removes workers that cannot run the work, whatever else runs. */
export interface WorkerFilter {
  readonly name: string;
  passes(worker: Service, work: Work): boolean;
  /** Why nobody passed, and what to do; `workers`: how many were asked. */
  reason(work: Work, workers: number): string;
}

const hasDriver = (worker: Service, side: 'source' | 'destination', name: string): boolean =>
  worker.drivers.some((driver) => driver.side === side && driver.name === name);

export const FILTERS: readonly WorkerFilter[] = [
  {
    name: 'AliveFilter',
    passes: (worker) => worker.alive,
    reason: (_work, workers) =>
      workers === 0
        ? 'no worker (guts-migration) has ever reported: start one'
        : `none of ${workers} workers is alive: start guts-migration`,
  },
  {
    name: 'EnabledFilter',
    passes: (worker) => !worker.disabled,
    reason: (_work, workers) => `all ${workers} live workers are disabled`,
  },
  {
    name: 'CapabilitiesFilter',
    passes: (worker, work) =>
      hasDriver(worker, 'source', work.sourceDriver) &&
      hasDriver(worker, 'destination', work.destinationDriver),
    reason: (work, workers) =>
      `none of ${workers} workers has both drivers '${work.sourceDriver}' and '${work.destinationDriver}'`,
  },
  {
    name: 'ScratchFilter',
    passes: (worker, work) => worker.scratchBytes === null || worker.scratchBytes >= work.demand.scratchBytes,
    reason: (work, workers) =>
      `none of ${workers} workers has ${work.demand.scratchBytes} bytes of local space for the conversion`,
  },
];
/** Asked last, for its answer changes within a round. */
export const CAPACITY_FILTER = 'CapacityFilter';
