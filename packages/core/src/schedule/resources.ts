import type { HeldWork, Work } from './types.ts';
import type { Limits } from './limits.ts';

/** What is limited. */
export type ResourceKind = 'host' | 'datastore' | 'source' | 'project' | 'plan';

/** How much of one limited resource a piece of work takes while it runs. */
export interface Take {
  readonly kind: ResourceKind;
  /** What it is called; empty: the project of the destination's own credential. */
  readonly name: string;
  /** Such as `host:<source id>:<ref>`. */
  readonly key: string;
  readonly amount: number;
  /** What there is of it. */
  readonly limit: number;
}

/**
 * Tells what work takes. Thousands of pieces of work take the same, and one round looks at all of them: equal takes
 * are one object, and their keys one string.
 */
export class Takings {
  readonly #limits: Limits;
  /** By kind, what it lies in, name and amount; null: not limited. */
  readonly #known = new Map<ResourceKind, Map<string, Map<string, Map<number, Take | null>>>>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Everything limited that the work takes; resources without a limit are left out. */
  of({ sourceId, destinationId, targetProject, planId, demand }: Work): readonly Take[] {
    const limits = this.#limits;
    const { host, datastores, streams } = demand;
    const takes: Take[] = [];
    const add = (take: Take | null): void => {
      if (take) takes.push(take);
    };
    if (host !== null) add(this.#take('host', sourceId, host, streams, limits.hostStreams));
    for (const one of datastores)
      add(this.#take('datastore', sourceId, one, streams, limits.datastoreStreams));
    add(this.#take('source', '', sourceId, streams, limits.sourceStreams));
    add(this.#take('project', destinationId, targetProject ?? '', 1, limits.projectMigrations));
    if (planId !== null) add(this.#take('plan', '', planId, 1, limits.planMigrations));
    return takes;
  }

  #take(kind: ResourceKind, within: string, name: string, amount: number, byDefault: number): Take | null {
    const amounts = entry(entry(entry(this.#known, kind), within), name);
    const known = amounts.get(amount);
    if (known !== undefined) return known;
    const key = within === '' ? `${kind}:${name}` : `${kind}:${within}:${name}`;
    const limit = this.#limits.overrides[key] ?? byDefault;
    const take = limit > 0 ? { kind, name, key, amount, limit } : null;
    amounts.set(amount, take);
    return take;
  }
}

function entry<Key, Inner, Value>(map: Map<Key, Map<Inner, Value>>, key: Key): Map<Inner, Value> {
  const known = map.get(key);
  if (known) return known;
  const made = new Map<Inner, Value>();
  map.set(key, made);
  return made;
}

/** {@link Takings} of one piece of work. */
export function takesOf(work: Work, limits: Limits): readonly Take[] {
  return new Takings(limits).of(work);
}

export function labelOf({ kind, name }: Take): string {
  return name === '' ? `${kind} of the credential` : `${kind} ${name}`;
}

/** What is taken now, recomputed from the rows that hold a worker: nothing is counted in memory between rounds. */
export class Usage {
  readonly #used = new Map<string, number>();

  constructor(holding: readonly HeldWork[], limits: Limits) {
    const takings = new Takings(limits);
    for (const work of holding) this.take(takings.of(work));
  }

  of(key: string): number {
    return this.#used.get(key) ?? 0;
  }

  take(takes: readonly Take[]): void {
    for (const { key, amount } of takes) this.#used.set(key, this.of(key) + amount);
  }

  /**
   * The first resource that has no room; null when all have. What asks for more than there ever is runs alone
   * rather than never.
   */
  lacking(takes: readonly Take[]): Take | null {
    return takes.find((one) => this.of(one.key) + one.amount > one.limit && this.of(one.key) > 0) ?? null;
  }
}

export function isOversized(takes: readonly Take[]): boolean {
  return takes.some((one) => one.amount > one.limit);
}

/** Why it waits, in words that stay the same while the situation does. */
export function lackText(take: Take): string {
  const unit = take.kind === 'project' || take.kind === 'plan' ? 'migrations' : 'disk streams';
  const alone =
    take.amount > take.limit ? `, and this one, which takes ${take.amount}, runs there alone` : '';
  return `${labelOf(take)} is at its limit of ${take.limit} ${unit}${alone}`;
}
