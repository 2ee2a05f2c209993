import type { Inventory, Managed } from '../model/inventory.ts';
import { VimFault } from '../soap/faults.ts';
import { any, data, list, refValue, str, type Value } from '../soap/values.ts';
import type { FilterSpec } from './filter-spec.ts';
import { missingProperties, readProperties, selectObjects } from './select.ts';

interface Item {
  readonly object: Managed;
  readonly spec: FilterSpec;
  readonly sessionKey: string;
}

/** Property retrieval in pages; the rest of a result waits under its token. */
export class Retrievals {
  readonly #inventory: Inventory;
  readonly #waiting = new Map<string, { items: readonly Item[]; pageSize: number }>();
  #next = 0;

  constructor(inventory: Inventory) {
    this.#inventory = inventory;
  }

  /** RetrieveProperties: everything at once, as a list of ObjectContent. */
  all(specs: readonly FilterSpec[], sessionKey: string): Value {
    return list(
      'ObjectContent',
      this.#items(specs, sessionKey).map((item) => this.#content(item)),
    );
  }

  /** RetrievePropertiesEx: a RetrieveResult with at most `pageSize` objects; nothing found gives nothing. */
  first(specs: readonly FilterSpec[], pageSize: number, sessionKey: string): Value | undefined {
    const items = this.#items(specs, sessionKey);
    return items.length === 0 ? undefined : this.#page(items, pageSize);
  }

  /** @throws VimFault InvalidArgument for a token used up or never given */
  next(token: string): Value {
    const rest = this.#waiting.get(token);
    if (rest === undefined) {
      throw new VimFault('InvalidArgument', 'A specified parameter was not correct: token', {
        invalidProperty: str('token'),
      });
    }
    this.#waiting.delete(token);
    return this.#page(rest.items, rest.pageSize);
  }

  cancel(token: string): void {
    this.#waiting.delete(token);
  }

  /** Results that a client has neither read to the end nor cancelled. */
  get pending(): number {
    return this.#waiting.size;
  }

  #items(specs: readonly FilterSpec[], sessionKey: string): readonly Item[] {
    return specs.flatMap((spec) =>
      selectObjects(this.#inventory, spec).map((object) => ({ object, spec, sessionKey })),
    );
  }

  #page(items: readonly Item[], pageSize: number): Value {
    const rest = items.slice(pageSize);
    let token: string | undefined;
    if (rest.length > 0) {
      token = String(this.#next);
      this.#next += 1;
      this.#waiting.set(token, { items: rest, pageSize });
    }
    return data('RetrieveResult', {
      token: token === undefined ? undefined : str(token),
      objects: list(
        'ObjectContent',
        items.slice(0, pageSize).map((item) => this.#content(item)),
      ),
    });
  }

  #content({ object, spec, sessionKey }: Item): Value {
    const { hidden } = this.#inventory;
    const found = readProperties(object, spec.propSet, hidden, sessionKey);
    return data('ObjectContent', {
      obj: refValue(object.ref),
      propSet: list(
        'DynamicProperty',
        [...found].map(([name, value]) => data('DynamicProperty', { name: str(name), val: any(value) })),
      ),
      missingSet: list('MissingProperty', missingProperties(object, spec.propSet, hidden)),
    });
  }
}
