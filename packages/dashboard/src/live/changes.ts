import type { Event, Migration } from '@guts/contract';

/** What an event says of the things that are shown. */
export interface Changes {
  /** By id: what an event tells of a migration by itself; the rest is asked for. */
  readonly migrations: ReadonlyMap<string, Partial<Pick<Migration, 'status' | 'phase' | 'step'>>>;
  /** Kinds of things, with the ids that changed. */
  readonly touched: Readonly<Record<Event['resource'], ReadonlySet<string>>>;
}

/** Of several events, as one: many come at once, and a screen is drawn once. */
export function changesOf(events: readonly Event[]): Changes {
  const migrations = new Map<string, Partial<Pick<Migration, 'status' | 'phase' | 'step'>>>();
  const touched: Record<Event['resource'], Set<string>> = {
    migration: new Set(),
    operation: new Set(),
    source: new Set(),
    destination: new Set(),
    service: new Set(),
    mapping: new Set(),
  };
  for (const event of events) {
    // A newer guts-api may know more kinds.
    const ids: Set<string> | undefined = touched[event.resource];
    ids?.add(event.resource_id);
    if (event.resource !== 'migration') continue;
    const known = migrations.get(event.resource_id) ?? {};
    migrations.set(event.resource_id, { ...known, ...positionIn(event) });
  }
  return { migrations, touched };
}

function positionIn({ type, data }: Event): Partial<Pick<Migration, 'status' | 'phase' | 'step'>> {
  if (type !== 'migration.status') return {};
  const { status, phase, step } = data as Partial<Migration>;
  return {
    ...(status === undefined ? {} : { status }),
    ...(phase === undefined ? {} : { phase }),
    // Told without a step, it has none any more.
    ...(status === undefined ? {} : { step: step ?? null }),
  };
}

/** Migrations as they are held: by id, so that one changes without the others. */
export type Migrations = ReadonlyMap<string, Migration>;

/** Some of them as they are now; those that did not change stay the very same objects. */
export function withNewer(held: Migrations, newer: readonly Migration[]): Migrations {
  const fresh = newer.filter((one) => {
    const known = held.get(one.id);
    return !known || known.updated_at <= one.updated_at;
  });
  if (fresh.length === 0) return held;
  const next = new Map(held);
  for (const one of fresh) next.set(one.id, one);
  return next;
}

/** What events told by themselves; those that are not held stay unknown. */
export function withChanges(held: Migrations, changes: Changes['migrations']): Migrations {
  let next: Map<string, Migration> | null = null;
  for (const [id, change] of changes) {
    const known = held.get(id);
    if (!known) continue;
    const differs = (Object.keys(change) as (keyof typeof change)[]).some(
      (key) => known[key] !== change[key],
    );
    if (!differs) continue;
    next ??= new Map(held);
    next.set(id, { ...known, ...change });
  }
  return next ?? held;
}

/** From when on changes are asked for: a little before the newest that is known, for clocks differ. */
export function deltaSince(held: Migrations, marginMs = 5000): string | null {
  let newest = '';
  for (const { updated_at: at } of held.values()) if (at > newest) newest = at;
  return newest === '' ? null : new Date(Date.parse(newest) - marginMs).toISOString();
}
