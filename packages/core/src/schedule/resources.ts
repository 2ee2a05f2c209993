import type { HeldWork, Work } from './types.ts';
import type { Limits } from './limits.ts';

/** What is limited. */
export type ResourceKind = 'host' | 'datastore' | 'source' | 'project' | 'plan';

/** One thing that is limited, and what is taken of it now. */
export interface Resource {
  readonly kind: ResourceKind;
  /** What it is called; empty: the project of the destination's own credential. */
  readonly name: string;
  /** Such as `host:<source id>:<ref>`. */
  readonly key: string;
  /** Counts from 0 among those of a {@link Usage}: for what is known of each. */
  readonly index: number;
  /** What there is of it. */
  readonly limit: number;
  used: number;
}

/** How much of one limited resource a piece of work takes while it runs. */
export interface Take {
  readonly resource: Resource;
  readonly amount: number;
}

/**
 * What is taken now, recomputed from the rows that hold a worker: nothing is counted in memory between rounds.
 * Thousands of pieces of work take the same, and one round looks at all of them: equal takes are one object.
 */
export class Usage {
  readonly #limits: Limits;
  /** By kind, what it lies in and name; null: not limited. */
  readonly #known = new Map<ResourceKind, Map<string, Map<string, Known | null>>>();
  #count = 0;

  constructor(holding: readonly HeldWork[], limits: Limits) {
    this.#limits = limits;
    for (const work of holding) this.take(this.takesOf(work));
  }

  /** Everything limited that the work takes; resources without a limit are left out. */
  takesOf(work: Work): readonly Take[] {
    const takes: Take[] = [];
    this.addTakes(work, takes);
    return takes;
  }

  /** Adds what the work takes to a list. */
  addTakes({ sourceId, destinationId, targetProject, planId, demand }: Work, takes: Take[]): void {
    const limits = this.#limits;
    const { host, datastores, streams } = demand;
    if (host !== null) this.#add(takes, 'host', sourceId, host, streams, limits.hostStreams);
    for (const one of datastores)
      this.#add(takes, 'datastore', sourceId, one, streams, limits.datastoreStreams);
    this.#add(takes, 'source', '', sourceId, streams, limits.sourceStreams);
    this.#add(takes, 'project', destinationId, targetProject ?? '', 1, limits.projectMigrations);
    if (planId !== null) this.#add(takes, 'plan', '', planId, 1, limits.planMigrations);
  }

  /** @param takes of this usage's own {@link takesOf} */
  take(takes: readonly Take[]): void {
    for (const { resource, amount } of takes) resource.used += amount;
  }

  #add(
    takes: Take[],
    kind: ResourceKind,
    within: string,
    name: string,
    amount: number,
    byDefault: number,
  ): void {
    const names = entry(entry(this.#known, kind), within);
    let known = names.get(name);
    if (known === undefined) {
      known = this.#resource(kind, within, name, byDefault);
      names.set(name, known);
    }
    if (known !== null) takes.push((known.takes[amount] ??= { resource: known.resource, amount }));
  }

  #resource(kind: ResourceKind, within: string, name: string, byDefault: number): Known | null {
    const key = within === '' ? `${kind}:${name}` : `${kind}:${within}:${name}`;
    const limit = this.#limits.overrides[key] ?? byDefault;
    if (limit <= 0) return null;
    const resource = { kind, name, key, index: this.#count, limit, used: 0 };
    this.#count += 1;
    return { resource, takes: [] };
  }
}

interface Known {
  readonly resource: Resource;
  /** By amount. */
  readonly takes: Take[];
}

function entry<Key, Inner, Value>(map: Map<Key, Map<Inner, Value>>, key: Key): Map<Inner, Value> {
  const known = map.get(key);
  if (known) return known;
  const made = new Map<Inner, Value>();
  map.set(key, made);
  return made;
}

/** What one piece of work takes, apart from what others take. */
export function takesOf(work: Work, limits: Limits): readonly Take[] {
  return new Usage([], limits).takesOf(work);
}

/** It has no room. What asks for more than there ever is runs alone rather than never. */
export function lacks({ amount, resource: { used, limit } }: Take): boolean {
  return used + amount > limit && used > 0;
}

/** The first resource that has no room; null when all have. */
export function lacking(takes: readonly Take[]): Take | null {
  return takes.find(lacks) ?? null;
}

/** Of all there is of the resource: 0 to 1. */
export function partOf({ amount, resource }: Take): number {
  return Math.min(1, amount / resource.limit);
}

export function isOversized(takes: readonly Take[]): boolean {
  return takes.some(({ amount, resource }) => amount > resource.limit);
}

export function labelOf({ kind, name }: Resource): string {
  return name === '' ? `${kind} of the credential` : `${kind} ${name}`;
}

/** Why it waits, in words that stay the same while the situation does. */
export function lackText({ amount, resource }: Take): string {
  const { kind, limit } = resource;
  const unit = kind === 'project' || kind === 'plan' ? 'migrations' : 'disk streams';
  const alone = amount > limit ? `, and this one, which takes ${amount}, runs there alone` : '';
  return `${labelOf(resource)} is at its limit of ${limit} ${unit}${alone}`;
}
