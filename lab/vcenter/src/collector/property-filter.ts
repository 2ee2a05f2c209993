import type { Inventory, Managed } from '../model/inventory.ts';
import { VimFault } from '../soap/faults.ts';
import {
  any,
  data,
  element,
  enumeration,
  list,
  refValue,
  str,
  type Ref,
  type Value,
} from '../soap/values.ts';
import type { FilterSpec } from './filter-spec.ts';
import { readProperties, selectObjects } from './select.ts';

/** One filter of a collector: what its client has been told, and what it has not. */
export class PropertyFilter {
  readonly ref: Ref;
  readonly #inventory: Inventory;
  readonly #spec: FilterSpec;
  /** What was told: per object, the XML of each property. */
  readonly #told = new Map<string, { ref: Ref; properties: Map<string, string> }>();
  readonly #dirty = new Map<string, Ref>();
  #members = new Map<string, Managed>();
  #structure = -1;

  constructor(ref: Ref, inventory: Inventory, spec: FilterSpec) {
    this.ref = ref;
    this.#inventory = inventory;
    this.#spec = spec;
    // A filter that cannot be evaluated is refused when it is made, as vCenter does.
    for (const object of selectObjects(inventory, spec)) readProperties(object, spec.propSet);
  }

  /** Notes that an object may have changed. */
  changed(ref: Ref): void {
    if (this.#members.has(ref.id)) this.#dirty.set(ref.id, ref);
  }

  /** Forgets what was told: everything is told again. */
  reset(): void {
    this.#told.clear();
    this.#dirty.clear();
    this.#members.clear();
    this.#structure = -1;
  }

  /** At most `limit` updates of objects; `more` when some are left. */
  take(limit: number, reversed: boolean): { updates: readonly Value[]; more: boolean } {
    this.#follow();
    const updates: Value[] = [];
    for (const [id, ref] of this.#dirty) {
      if (updates.length >= limit) return { updates, more: true };
      this.#dirty.delete(id);
      const update = this.#update(ref, reversed);
      if (update !== undefined) updates.push(update);
    }
    return { updates, more: false };
  }

  #follow(): void {
    if (this.#structure === this.#inventory.structure) return;
    this.#structure = this.#inventory.structure;
    const members = new Map(this.#select().map((object) => [object.ref.id, object]));
    for (const [id, object] of members) if (!this.#told.has(id)) this.#dirty.set(id, object.ref);
    for (const [id, { ref }] of this.#told) if (!members.has(id)) this.#dirty.set(id, ref);
    this.#members = members;
  }

  #select(): readonly Managed[] {
    try {
      return selectObjects(this.#inventory, this.#spec);
    } catch (error) {
      // The object that the filter starts from is gone: its members leave.
      if (error instanceof VimFault && error.type === 'ManagedObjectNotFound') return [];
      throw error;
    }
  }

  #update(ref: Ref, reversed: boolean): Value | undefined {
    const object = this.#members.get(ref.id);
    const before = this.#told.get(ref.id);
    if (object === undefined) {
      if (before === undefined) return undefined;
      this.#told.delete(ref.id);
      return objectUpdate('leave', ref, []);
    }
    const now = readProperties(object, this.#spec.propSet);
    const written = new Map([...now].map(([name, value]) => [name, element('val', any(value))]));
    const changes: Value[] = [];
    for (const [name, value] of now) {
      if (before?.properties.get(name) !== written.get(name)) changes.push(change(name, value));
    }
    for (const name of before?.properties.keys() ?? [])
      if (!now.has(name)) changes.push(change(name, undefined));
    this.#told.set(ref.id, { ref, properties: written });
    if (before !== undefined && changes.length === 0) return undefined;
    return objectUpdate(
      before === undefined ? 'enter' : 'modify',
      ref,
      reversed ? changes.toReversed() : changes,
    );
  }
}

function change(name: string, value: Value | undefined): Value {
  return data('PropertyChange', {
    name: str(name),
    op: enumeration('PropertyChangeOp', 'assign'),
    val: value === undefined ? undefined : any(value),
  });
}

function objectUpdate(kind: 'enter' | 'modify' | 'leave', ref: Ref, changes: readonly Value[]): Value {
  return data('ObjectUpdate', {
    kind: enumeration('ObjectUpdateKind', kind),
    obj: refValue(ref),
    changeSet: list('PropertyChange', changes),
  });
}
