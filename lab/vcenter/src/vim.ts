import type { Collectors } from './collector/collectors.ts';
import type { Retrievals } from './collector/retrieve.ts';
import type { PieceMemory } from './http/piece-memory.ts';
import type { Lease, LeaseSettings } from './lease.ts';
import type { Inventory } from './model/inventory.ts';
import type { Machine, Snapshot } from './model/machine.ts';
import type { World } from './model/world.ts';
import type { Settings } from './options.ts';
import type { Session, Sessions } from './sessions.ts';
import type { Node } from './soap/parse.ts';
import { gone } from './soap/faults.ts';
import type { Ref, Value } from './soap/values.ts';
import type { Tasks } from './tasks.ts';

/** Everything the methods work on. */
export interface Vim {
  readonly settings: Settings;
  readonly inventory: Inventory;
  readonly world: World;
  readonly sessions: Sessions;
  readonly tasks: Tasks;
  readonly retrievals: Retrievals;
  readonly collectors: Collectors;
  /** By managed object id. */
  readonly machines: Map<string, Machine>;
  readonly leases: Map<string, Lease>;
  readonly leaseSettings: LeaseSettings;
  /** Of what is sent of disks. */
  readonly pieces: PieceMemory;
  /** Ends waits of the server itself. */
  readonly closing: AbortSignal;
}

/** One method call of a client. */
export interface Call {
  readonly vim: Vim;
  readonly method: string;
  /** Absent only in the methods that need no login. */
  readonly session: Session | undefined;
  readonly self: Ref;
  readonly args: Node;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** Sets the session cookie on the answer. */
  readonly setCookie: (cookie: string) => void;
}

export type Method = (call: Call) => Value | undefined | Promise<Value | undefined>;
export type Methods = Readonly<Record<string, Method>>;

/** The machine a call is made on. @throws VimFault ManagedObjectNotFound */
export function machineOf(call: Call, ref: Ref = call.self): Machine {
  const machine = call.vim.machines.get(ref.id);
  if (machine === undefined) throw gone(ref);
  return machine;
}

/** A snapshot and its machine. @throws VimFault ManagedObjectNotFound */
export function snapshotOf(vim: Vim, ref: Ref): { machine: Machine; snapshot: Snapshot } {
  for (const machine of vim.machines.values()) {
    const snapshot = machine.snapshots.find((s) => s.ref.id === ref.id);
    if (snapshot !== undefined) return { machine, snapshot };
  }
  throw gone(ref);
}
