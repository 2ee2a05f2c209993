import type { Inventory, Managed } from '../model/inventory.ts';
import { gone, VimFault } from '../soap/faults.ts';
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
import { missingProperties, readProperties, selectObjects } from './select.ts';

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
  /** Objects that the filter starts from, by whether their absence was told. */
  readonly #absent = new Map<string, { ref: Ref; told: boolean }>();

  constructor(ref: Ref, inventory: Inventory, spec: FilterSpec) {
    this.ref = ref;
    this.#inventory = inventory;
    this.#spec = spec;
    // A filter that cannot be evaluated is refused when it is made, as vCenter does.
    for (const object of selectObjects(inventory, spec))
      readProperties(object, spec.propSet, inventory.hidden);
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
    this.#absent.clear();
    this.#structure = -1;
  }

  /** At most `limit` updates of objects; `more` when some are left. */
  take(
    limit: number,
    reversed: boolean,
  ): { updates: readonly Value[]; missing: readonly Value[]; more: boolean } {
    this.#follow();
    return { ...this.#updates(limit, reversed), missing: this.#missing() };
  }

  #updates(limit: number, reversed: boolean): { updates: readonly Value[]; more: boolean } {
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
    for (const { ref } of this.#spec.reportMissing ? this.#spec.objectSet : []) {
      if (this.#inventory.find(ref) !== undefined) this.#absent.delete(ref.id);
      else if (!this.#absent.has(ref.id)) this.#absent.set(ref.id, { ref, told: false });
    }
  }

  /** MissingObject of those that the filter starts from and that are gone since the last call. */
  #missing(): readonly Value[] {
    const untold = [...this.#absent.values()].filter(({ told }) => !told);
    return untold.map((one) => {
      one.told = true;
      return data('MissingObject', { obj: refValue(one.ref), fault: gone(one.ref).localized() });
    });
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
    const { hidden } = this.#inventory;
    const now = readProperties(object, this.#spec.propSet, hidden);
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
      before === undefined ? missingProperties(object, this.#spec.propSet, hidden) : [],
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

function objectUpdate(
  kind: 'enter' | 'modify' | 'leave',
  ref: Ref,
  changes: readonly Value[],
  missing: readonly Value[] = [],
): Value {
  return data('ObjectUpdate', {
    kind: enumeration('ObjectUpdateKind', kind),
    obj: refValue(ref),
    changeSet: list('PropertyChange', changes),
    missingSet: list('MissingProperty', missing),
  });
}
