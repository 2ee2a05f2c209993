import { counted } from '../counted.ts';
import type { TransportName } from '../migration.ts';
import type { DriverSchemas } from '../ports/driver.ts';
import type { Service } from '../service.ts';
import type { Work } from './types.ts';

/** Removes workers that cannot run the work, whatever else runs. */
export interface WorkerFilter {
  readonly name: string;
  passes(worker: Service, work: Work): boolean;
  /** Why nobody passed, and what to do; `workers`: how many were asked. */
  reason(work: Work, workers: number): string;
}

const driverOf = (
  { drivers }: Service,
  side: 'source' | 'destination',
  name: string,
): DriverSchemas | undefined => drivers.find((driver) => driver.side === side && driver.name === name);

/** What is undone is read no more. */
const transportOf = ({ direction, demand }: Work): TransportName | undefined =>
  direction === 'forward' ? demand.transport : undefined;

export const FILTERS: readonly WorkerFilter[] = [
  {
    name: 'AliveFilter',
    passes: (worker) => worker.alive,
    reason: (_work, workers) =>
      workers === 0
        ? 'no worker (guts-migration) has ever reported: start one'
        : `none of ${counted(workers, 'worker')} is alive: start guts-migration`,
  },
  {
    name: 'EnabledFilter',
    passes: (worker) => !worker.disabled,
    reason: (_work, workers) => `none of ${counted(workers, 'live worker')} is enabled`,
  },
  {
    name: 'CapabilitiesFilter',
    passes: (worker, work) =>
      driverOf(worker, 'source', work.sourceDriver) !== undefined &&
      driverOf(worker, 'destination', work.destinationDriver) !== undefined,
    reason: (work, workers) =>
      `none of ${counted(workers, 'worker')} has both drivers '${work.sourceDriver}' and '${work.destinationDriver}'`,
  },
  {
    name: 'TransportFilter',
    passes: (worker, work) => {
      const transport = transportOf(work);
      if (transport === undefined) return true;
      return driverOf(worker, 'source', work.sourceDriver)?.transports?.includes(transport) ?? true;
    },
    reason: (work, workers) =>
      `none of ${counted(workers, 'worker')} has what the transport '${transportOf(work)}' needs: give it to one (guts doctor on its host says what is missing), or make the migration with another transport`,
  },
  {
    name: 'ScratchFilter',
    passes: (worker, work) => worker.scratchBytes === null || worker.scratchBytes >= work.demand.scratchBytes,
    reason: (work, workers) =>
      `none of ${counted(workers, 'worker')} has ${work.demand.scratchBytes} bytes of local space for the conversion`,
  },
];
/** Asked last, for its answer changes within a round. */
export const CAPACITY_FILTER = 'CapacityFilter';
