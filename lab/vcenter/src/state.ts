import type { PowerState } from './options.ts';
import type { Vim } from './vim.ts';

/** Everything in the fake that a client can leave behind, as an administrator would see it. */
export interface VCenterState {
  readonly machines: readonly {
    readonly id: string;
    readonly name: string;
    readonly powerState: PowerState;
    readonly annotation: string;
    readonly changeTracking: { readonly wanted: boolean; readonly active: boolean };
    readonly consolidating: boolean;
    readonly snapshots: readonly {
      readonly id: string;
      readonly name: string;
      readonly description: string;
    }[];
    /** Queued or running, newest first; milliseconds since it was asked for. */
    readonly tasks: readonly {
      readonly id: string;
      readonly method: string;
      readonly state: string;
      readonly ageMs: number;
    }[];
    /** The export lease that locks it. */
    readonly lease: string | null;
    /** Device keys. */
    readonly connectedNics: readonly number[];
  }[];
  /** Leases that have not ended. */
  readonly leases: readonly {
    readonly id: string;
    readonly machine: string;
    readonly state: string;
    readonly progress: number;
  }[];
  readonly sessions: number;
}

/** What there is now. */
export function stateOf(vim: Vim): VCenterState {
  return {
    machines: [...vim.machines.values()].map((machine) => ({
      id: machine.ref.id,
      name: machine.name,
      powerState: machine.power,
      annotation: machine.annotation,
      changeTracking: { wanted: machine.trackingWanted, active: machine.trackingActive },
      consolidating: machine.consolidating,
      snapshots: machine.snapshots.map(({ ref, name, description }) => ({ id: ref.id, name, description })),
      tasks: vim.tasks.underWay(machine),
      lease: machine.lease?.id ?? null,
      connectedNics: [...machine.links]
        .filter(([, link]) => (machine.power === 'poweredOn' ? link.connected : link.startConnected))
        .map(([key]) => key),
    })),
    leases: [...vim.leases.values()]
      .filter(({ state }) => state === 'initializing' || state === 'ready')
      .map(({ ref, machine, state, progress }) => ({ id: ref.id, machine: machine.ref.id, state, progress })),
    sessions: vim.sessions.count,
  };
}
