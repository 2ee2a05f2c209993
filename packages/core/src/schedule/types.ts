import type { TransportName } from '../migration.ts';
import type { Phase } from '../states.ts';
import type { Service } from '../service.ts';

/**
 * What one migration asks of everything it touches while it holds a worker. Made from the inventory when the
 * migration is created and made exact by its preflight.
 */
export interface Demand {
  /** Ref of the ESXi host it is read from; null: not known. */
  readonly host: string | null;
  /** Refs of the datastores its disks lie on. */
  readonly datastores: readonly string[];
  /** Disks copied at once: what it takes of host, datastore and source. */
  readonly streams: number;
  /** Bytes to copy at most. */
  readonly bytes: number;
  /** Bytes of the worker's local space that a conversion needs. */
  readonly scratchBytes: number;
  /** The transport that was asked for by name, which not every worker may have. */
  readonly transport?: TransportName;
}

/** For work whose demand nobody could tell: one stream of unknown length. */
export const UNKNOWN_DEMAND: Demand = { host: null, datastores: [], streams: 1, bytes: 0, scratchBytes: 0 };

/** What the scheduler knows of work: a migration, without what only its worker needs. */
export interface Work {
  readonly id: string;
  readonly projectId: string;
  readonly planId: string | null;
  /** Larger goes first. */
  readonly priority: number;
  /** `undo`: cancelling, reverting, committing or going on with an undo: it goes before all forward work. */
  readonly direction: 'forward' | 'undo';
  readonly phase: Phase | null;
  readonly sourceId: string;
  readonly destinationId: string;
  readonly targetProject: string | null;
  readonly sourceDriver: string;
  readonly destinationDriver: string;
  readonly demand: Demand;
  /** When it began to wait; ms since the epoch, by the database's clock. */
  readonly queuedAt: number;
}
export interface QueuedWork extends Work {
  /** The worker that had it and let its lease or reservation pass: it may be dead although it still looks alive. */
  readonly lostBy: string | null;
  /** As stored, so that only a changed reason is written. */
  readonly reason: string | null;
}
export interface HeldWork extends Work {
  readonly workerId: string;
}

/** Everything a round decides by, read in one transaction. */
export interface SchedulingView {
  /** The database's clock; ms since the epoch. */
  readonly now: number;
  /** Undo first, then by priority, then oldest first. */
  readonly waiting: readonly QueuedWork[];
  /** What holds a worker now: reserved or under a lease that has not passed. */
  readonly holding: readonly HeldWork[];
  /** Every guts-migration that ever reported and was not removed. */
  readonly workers: readonly Service[];
}

/** Why a migration got its worker, or what it waits for: told to people as it is. */
export interface SchedulingTrace {
  /** In the order they were asked; `left`: workers that passed. */
  readonly filters: readonly {
    readonly name: string;
    readonly left: number;
    readonly reason: string | null;
  }[];
  /** The best few of those that passed all filters, best first. */
  readonly weights: readonly { readonly workerId: string; readonly weight: number }[];
  /** The limit that has no room, when it is that. */
  readonly limit: {
    readonly resource: string;
    readonly used: number;
    readonly wanted: number;
    readonly limit: number;
  } | null;
}

export interface Decision {
  readonly id: string;
  /** Null: it goes on waiting, for `reason`. */
  readonly workerId: string | null;
  readonly reason: string;
  readonly trace: SchedulingTrace;
}
