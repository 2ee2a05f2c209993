import type { HeldWork, Work } from './types.ts';
import type { Limits } from './limits.ts';

/** How much of one limited resource a piece of work takes while it runs. */
export interface Take {
  /** Such as `host:<source id>:<ref>`. */
  readonly key: string;
  readonly amount: number;
  /** What there is of it. */
  readonly limit: number;
  /** For people: what the resource is called. */
  readonly label: string;
}

/** Everything limited that the work takes; resources without a limit are left out. */
export function takesOf(work: Work, limits: Limits): readonly Take[] {
  const { sourceId, destinationId, targetProject, planId, demand } = work;
  const takes: Take[] = [];
  const add = (key: string, amount: number, byDefault: number, label: string): void => {
    const limit = limits.overrides[key] ?? byDefault;
    if (limit > 0) takes.push({ key, amount, limit, label });
  };
  const { host, streams } = demand;
  if (host !== null) add(`host:${sourceId}:${host}`, streams, limits.hostStreams, `host ${host}`);
  for (const one of demand.datastores)
    add(`datastore:${sourceId}:${one}`, streams, limits.datastoreStreams, `datastore ${one}`);
  add(`source:${sourceId}`, streams, limits.sourceStreams, `source ${sourceId}`);
  const project = targetProject ?? 'of the credential';
  add(`project:${destinationId}:${targetProject ?? ''}`, 1, limits.projectMigrations, `project ${project}`);
  if (planId !== null) add(`plan:${planId}`, 1, limits.planMigrations, `plan ${planId}`);
  return takes;
}

/** What is taken now, recomputed from the rows that hold a worker: nothing is counted in memory between rounds. */
export class Usage {
  readonly #used = new Map<string, number>();

  constructor(holding: readonly HeldWork[], limits: Limits) {
    for (const work of holding) this.take(takesOf(work, limits));
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
  const unit =
    take.key.startsWith('project:') || take.key.startsWith('plan:') ? 'migrations' : 'disk streams';
  const alone =
    take.amount > take.limit ? `, and this one, which takes ${take.amount}, runs there alone` : '';
  return `${take.label} is at its limit of ${take.limit} ${unit}${alone}`;
}
