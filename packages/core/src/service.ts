import type { DriverSchemas } from './ports/driver.ts';

export type ServiceBinary = 'guts-api' | 'guts-scheduler' | 'guts-migration';

/** A daemon as it reports itself; alive while its heartbeat is fresh. */
export interface Service {
  readonly id: string;
  readonly binary: ServiceBinary;
  readonly host: string;
  readonly version: string;
  /** Administratively disabled: finishes what it has, gets nothing new. */
  readonly disabled: boolean;
  readonly disabledReason: string | null;
  /** Disabled, and what it runs is to be handed over now. */
  readonly draining: boolean;
  /** By the database's clock at the time of the question. */
  readonly alive: boolean;
  readonly heartbeatAt: string;
  readonly startedAt: string;
  /** Workers: how many migrations at once. */
  readonly slots: number;
  /** Workers: free local space for conversions; bytes; null: not told. */
  readonly scratchBytes: number | null;
  /** Workers: bandwidth they have; bytes per second; null: not told. */
  readonly bytesPerSecond: number | null;
  /** Workers: what all their copies together may move, as an operator said; bytes per second; null: no limit. */
  readonly bytesPerSecondLimit: number | null;
  /** Workers: drivers they have, with the schemas of their settings. */
  readonly drivers: readonly DriverSchemas[];
}

/** What begins the id of a record that is no daemon any more: it holds what its successor is to begin with. */
export const STOPPED_PREFIX = 'stopped-';
