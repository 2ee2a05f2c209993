import type { Inventory } from '../model/inventory.ts';
import { gone, notAuthenticated, VimFault } from '../soap/faults.ts';
import { bool, data, list, refValue, str, type Ref, type Value } from '../soap/values.ts';
import type { FilterSpec } from './filter-spec.ts';
import { PropertyFilter } from './property-filter.ts';

export interface WaitOptions {
  /** Seconds; 0 polls, undefined waits without end. */
  readonly maxWaitSeconds: number | undefined;
  readonly maxObjectUpdates: number;
}

/** One property collector: filters, and the version that its client has. */
export class Collector {
  readonly filters = new Map<string, PropertyFilter>();
  #version = 0;
  #last: { before: string; set: Value } | undefined;
  #waiting: AbortController | undefined;
  #end: VimFault | undefined;
  readonly #inventory: Inventory;
  readonly #unsubscribe: () => void;
  #wake: () => void = () => undefined;

  constructor(inventory: Inventory) {
    this.#inventory = inventory;
    this.#unsubscribe = inventory.onChange((ref) => {
      if (ref !== undefined) for (const filter of this.filters.values()) filter.changed(ref);
      this.#wake();
    });
  }

  addFilter(spec: FilterSpec): Ref {
    const ref: Ref = { type: 'PropertyFilter', id: `filter-${this.#inventory.nextNumber()}` };
    this.filters.set(ref.id, new PropertyFilter(ref, this.#inventory, spec));
    this.#wake();
    return ref;
  }

  /**
   * WaitForUpdatesEx. The version before the present one may be given again, after a lost answer.
   * @throws VimFault InvalidCollectorVersion, RequestCanceled
   */
  async wait(version: string, options: WaitOptions, signal: AbortSignal): Promise<Value | undefined> {
    if (version === '') {
      for (const filter of this.filters.values()) filter.reset();
      this.#last = undefined;
    } else if (this.#last?.before === version) return this.#last.set;
    else if (version !== String(this.#version)) {
      throw new VimFault('InvalidCollectorVersion', 'The version of the property collector is not valid.');
    }
    this.cancel();
    const cancel = new AbortController();
    this.#waiting = cancel;
    const deadline =
      options.maxWaitSeconds === undefined ? undefined : performance.now() + options.maxWaitSeconds * 1000;
    const either = AbortSignal.any([signal, cancel.signal]);
    for (;;) {
      const set = this.#collect(version, options.maxObjectUpdates);
      if (set !== undefined) return set;
      const left = deadline === undefined ? undefined : deadline - performance.now();
      if (left !== undefined && left <= 0) return undefined;
      await this.#nextChange(left, either);
      if (this.#end !== undefined) throw this.#end;
      if (either.aborted) throw new VimFault('RequestCanceled', 'The request was canceled.');
    }
  }

  /** CancelWaitForUpdates. */
  cancel(): void {
    this.#waiting?.abort();
    this.#waiting = undefined;
  }

  /** Ends the collector; a wait under way gets the fault. */
  close(why: VimFault): void {
    this.#end = why;
    this.cancel();
    this.#unsubscribe();
    this.filters.clear();
  }

  #collect(before: string, limit: number): Value | undefined {
    let left = limit;
    let truncated = false;
    const filterSet: Value[] = [];
    for (const filter of this.filters.values()) {
      if (left <= 0) {
        truncated = true;
        break;
      }
      // Every second set names the properties in the opposite order: clients must not rely on it.
      const { updates, missing, more } = filter.take(left, this.#version % 2 === 1);
      truncated ||= more;
      left -= updates.length;
      if (updates.length + missing.length > 0) {
        filterSet.push(
          data('PropertyFilterUpdate', {
            filter: refValue(filter.ref),
            objectSet: list('ObjectUpdate', updates),
            missingSet: list('MissingObject', missing),
          }),
        );
      }
    }
    if (filterSet.length === 0) return undefined;
    this.#version += 1;
    const set = data('UpdateSet', {
      version: str(String(this.#version)),
      filterSet: list('PropertyFilterUpdate', filterSet),
      truncated: truncated ? bool(true) : undefined,
    });
    this.#last = before === '' ? undefined : { before, set };
    return set;
  }

  #nextChange(ms: number | undefined, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        this.#wake = () => undefined;
        resolve();
      };
      const timer = ms === undefined ? undefined : setTimeout(finish, ms);
      signal.addEventListener('abort', finish, { once: true });
      this.#wake = finish;
      if (signal.aborted) finish();
    });
  }
}

/** The collectors of all sessions. Each session has its own default one. */
export class Collectors {
  readonly #inventory: Inventory;
  readonly #byKey = new Map<string, Collector>();

  constructor(inventory: Inventory) {
    this.#inventory = inventory;
  }

  create(sessionKey: string): Ref {
    const ref: Ref = {
      type: 'PropertyCollector',
      id: `session[${sessionKey}]pc-${this.#inventory.nextNumber()}`,
    };
    this.#byKey.set(`${sessionKey} ${ref.id}`, new Collector(this.#inventory));
    return ref;
  }

  /** @throws VimFault ManagedObjectNotFound */
  get(sessionKey: string, ref: Ref): Collector {
    const key = `${sessionKey} ${ref.id}`;
    const found = this.#byKey.get(key);
    if (found !== undefined) return found;
    if (ref.id !== 'propertyCollector') throw gone(ref);
    const made = new Collector(this.#inventory);
    this.#byKey.set(key, made);
    return made;
  }

  destroy(sessionKey: string, ref: Ref): void {
    this.get(sessionKey, ref).close(gone(ref));
    this.#byKey.delete(`${sessionKey} ${ref.id}`);
  }

  /** @throws VimFault ManagedObjectNotFound */
  destroyFilter(sessionKey: string, ref: Ref): void {
    for (const [key, collector] of this.#byKey) {
      if (key.startsWith(`${sessionKey} `) && collector.filters.delete(ref.id)) return;
    }
    throw gone(ref);
  }

  endSession(sessionKey: string): void {
    for (const [key, collector] of this.#byKey) {
      if (!key.startsWith(`${sessionKey} `)) continue;
      collector.close(notAuthenticated({ type: 'PropertyCollector', id: 'propertyCollector' }));
      this.#byKey.delete(key);
    }
  }

  close(): void {
    const why = new VimFault('RequestCanceled', 'The server is going down.');
    for (const collector of this.#byKey.values()) collector.close(why);
    this.#byKey.clear();
  }
}
