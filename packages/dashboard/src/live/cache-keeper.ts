import { type ApiClient, ApiCallError, type Disk, type Event } from '@guts/contract';
import type { QueryClient } from '@tanstack/react-query';
import { catchUp, type Held, hold, MIGRATIONS } from '../migrations/queries.ts';
import { changesOf, withChanges } from './changes.ts';
import { MOVING, type Moving, RUN, withDisks, withMoved } from './progress.ts';

/** Between two catch-ups, however many events come; milliseconds. */
const CATCH_UP_MS = 1000;
/** So many events are remembered for the overview. */
export const RECENT = 50;

/** Keeps what the app holds as events say it is now. Lists are not asked for anew: what changed in them is. */
export class CacheKeeper {
  readonly #queries: QueryClient;
  readonly #client: ApiClient;
  #touched = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #last = 0;
  #busy = false;
  #closed = false;

  constructor(queries: QueryClient, client: ApiClient) {
    this.#queries = queries;
    // The stream told all of it once, and tells what changed: it must not be forgotten while nobody looks.
    queries.setQueryDefaults(MOVING, { gcTime: Number.POSITIVE_INFINITY });
    this.#client = client;
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  take(events: readonly Event[]): void {
    const { migrations, touched } = changesOf(events);
    hold(this.#queries, (byId) => withChanges(byId, migrations));
    this.#queries.setQueryData<readonly Event[]>(['recent'], (known) =>
      known ? [...events.toReversed(), ...known].slice(0, RECENT) : known,
    );
    for (const id of touched.migration) this.#touched.add(id);
    if (touched.migration.size > 0) this.#later();
    const stale = (key: readonly unknown[]): void => void this.#queries.invalidateQueries({ queryKey: key });
    const { operation, source, destination, service, mapping } = touched;
    if (operation.size + source.size > 0) stale(['sources']);
    if (operation.size + destination.size > 0) stale(['destinations']);
    if (operation.size > 0) stale(['operations']);
    if (operation.size + source.size > 0) stale(['inventory']);
    if (service.size + touched.migration.size > 0) stale(['services']);
    if (mapping.size > 0) stale(['mappings']);
  }

  /** How far the disks of migrations are: `{"migrations": {ID: [disk, …]}}`. */
  progress(data: string): void {
    const { migrations } = JSON.parse(data) as { migrations: Readonly<Record<string, readonly Disk[]>> };
    for (const [id, disks] of Object.entries(migrations))
      this.#queries.setQueryData<readonly Disk[]>(['migration', id, 'disks'], (held) =>
        held ? withDisks(held, disks) : held,
      );
    const held = this.#queries.getQueryData<Held>(MIGRATIONS)?.byId;
    const runs = (id: string): boolean => {
      const known = held?.get(id);
      return known === undefined || RUN.includes(known.status);
    };
    this.#queries.setQueryData<Moving>(MOVING, (known = new Map()) => withMoved(known, migrations, runs));
  }

  /** The stream is open: what changed since the first answers, and before it, is asked for, once these are shown. */
  begin(): void {
    this.#last = Date.now();
    this.#later();
  }

  /** After a cut: what no event tells is asked for. */
  refreshAll(): void {
    this.#later();
    void this.#queries.invalidateQueries({
      predicate: ({ queryKey }) => !['migrations', 'recent', 'moving'].includes(String(queryKey[0])),
    });
  }

  #later(): void {
    if (this.#timer !== null || this.#busy || this.#closed) return;
    const wait = Math.max(0, this.#last + CATCH_UP_MS - Date.now());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#catchUp();
    }, wait);
  }

  async #catchUp(): Promise<void> {
    this.#busy = true;
    this.#last = Date.now();
    const ids = this.#touched;
    this.#touched = new Set();
    try {
      const newer = await catchUp(this.#queries, this.#client);
      for (const one of newer)
        if (this.#queries.getQueryData(['migration', one.id]) !== undefined)
          this.#queries.setQueryData(['migration', one.id], one);
      const known = new Set(newer.map(({ id }) => id));
      await Promise.all(
        [...ids].map((id) =>
          this.#queries.invalidateQueries({
            queryKey: ['migration', id],
            // What came with the others needs no request of its own.
            predicate: ({ queryKey }) => queryKey.length > 2 || !known.has(id),
          }),
        ),
      );
    } catch (error) {
      if (!(error instanceof ApiCallError)) throw error;
      // The connection is down, which the banner says; what was touched is asked for when it is back.
      for (const id of ids) this.#touched.add(id);
    } finally {
      this.#busy = false;
    }
    if (this.#touched.size > 0) this.#later();
  }
}
