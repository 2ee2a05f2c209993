import { EventEmitter } from 'node:events';
import { gone } from '../soap/faults.ts';
import type { Ref, Value } from '../soap/values.ts';

/** Computes a property; a few depend on whose session asks. */
export type Property = (sessionKey?: string) => Value | undefined;
export type Properties = Readonly<Record<string, Property>>;

/** An object that clients can name, with its properties computed when asked for. */
export interface Managed {
  readonly ref: Ref;
  readonly properties: Properties;
}

const PARENTS: Readonly<Record<string, string>> = {
  Folder: 'ManagedEntity',
  Datacenter: 'ManagedEntity',
  HostSystem: 'ManagedEntity',
  VirtualMachine: 'ManagedEntity',
  ResourcePool: 'ManagedEntity',
  VirtualApp: 'ResourcePool',
  ComputeResource: 'ManagedEntity',
  ClusterComputeResource: 'ComputeResource',
  Datastore: 'ManagedEntity',
  Network: 'ManagedEntity',
  DistributedVirtualPortgroup: 'Network',
  DistributedVirtualSwitch: 'ManagedEntity',
  VmwareDistributedVirtualSwitch: 'DistributedVirtualSwitch',
  ManagedEntity: 'ExtensibleManagedObject',
  ContainerView: 'ManagedObjectView',
  ListView: 'ManagedObjectView',
  ManagedObjectView: 'View',
};

/** Whether objects of `type` are also of type `wanted`. */
export function isA(type: string, wanted: string): boolean {
  if (wanted === 'ManagedObject') return true;
  for (let at: string | undefined = type; at !== undefined; at = PARENTS[at]) if (at === wanted) return true;
  return false;
}

/** All managed objects, and what changed when. */
export class Inventory {
  readonly #objects = new Map<string, Managed>();
  readonly #events = new EventEmitter();
  #clock = 0;
  #structure = 0;
  #next = 100;

  /** `Type.path` of properties that the user may not read. */
  readonly hidden: ReadonlySet<string>;

  constructor(hidden: readonly string[] = []) {
    this.hidden = new Set(hidden);
    this.#events.setMaxListeners(0);
  }

  /** A number no object has yet. */
  nextNumber(): number {
    this.#next += 1;
    return this.#next;
  }

  /** Counts every change. */
  get clock(): number {
    return this.#clock;
  }

  /** The clock's value at the last change of what objects exist or how they hang together. */
  get structure(): number {
    return this.#structure;
  }

  add(object: Managed): void {
    this.#objects.set(object.ref.id, object);
    this.restructured();
  }

  remove(ref: Ref): void {
    this.#objects.delete(ref.id);
    this.restructured();
  }

  find(ref: Ref): Managed | undefined {
    const object = this.#objects.get(ref.id);
    return object?.ref.type === ref.type ? object : undefined;
  }

  /** @throws VimFault ManagedObjectNotFound */
  get(ref: Ref): Managed {
    const object = this.find(ref);
    if (object === undefined) throw gone(ref);
    return object;
  }

  all(): IterableIterator<Managed> {
    return this.#objects.values();
  }

  /** Says that some property of an object changed. */
  touch(ref: Ref): void {
    this.#clock += 1;
    this.#events.emit('change', ref);
  }

  restructured(): void {
    this.#clock += 1;
    this.#structure = this.#clock;
    this.#events.emit('change', undefined);
  }

  /** Calls back at each change, with the object if it is one object's; gives the way to stop. */
  onChange(listener: (ref: Ref | undefined) => void): () => void {
    this.#events.on('change', listener);
    return () => void this.#events.off('change', listener);
  }
}
