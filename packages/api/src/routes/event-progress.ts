import type { Disk } from '@guts/contract';
import { GutsError, type ProjectScope } from '@guts/core';
import type { ApiParts } from '../api-parts.ts';
import { diskToWire } from '../wire/records.ts';

const EVERY_MS = 1000;

/** What changed, as a listener is told it. */
export interface Moved {
  readonly migrations: Readonly<Record<string, readonly Disk[]>>;
}

/** How far disks are, for one listener of the event stream: what changed since it was told last. */
export class Progress {
  readonly #parts: Pick<ApiParts, 'store' | 'clock'>;
  readonly #scope: ProjectScope;
  #asked = Number.NEGATIVE_INFINITY;
  #since = 0;
  /** Of what was written at `#since` exactly: it was told, but more may have been written in the same millisecond. */
  #told = new Map<string, string>();

  constructor(parts: Pick<ApiParts, 'store' | 'clock'>, scope: ProjectScope) {
    this.#parts = parts;
    this.#scope = scope;
  }

  /** Null: nothing changed, or it was asked for a moment ago. @param only of this migration */
  async next(only: string | undefined): Promise<Moved | null> {
    const { store, clock } = this.#parts;
    if (clock.monotonic() - this.#asked < EVERY_MS) return null;
    this.#asked = clock.monotonic();
    const rows = await store.listMovedDisks(this.#scope, this.#since).catch((error: unknown) => {
      // As for events: it comes back.
      if (error instanceof GutsError && error.code === 'database_unavailable') return [];
      throw error;
    });
    const latest = rows.reduce((most, { at }) => Math.max(most, at), this.#since);
    const told = new Map<string, string>();
    const migrations: Record<string, Disk[]> = {};
    for (const { disk, at } of rows) {
      const key = `${disk.migrationId} ${disk.diskKey}`;
      const text = JSON.stringify(disk);
      if (at === latest) told.set(key, text);
      if (this.#told.get(key) === text) continue;
      if (only === undefined || only === disk.migrationId)
        (migrations[disk.migrationId] ??= []).push(diskToWire(disk));
    }
    this.#since = latest;
    this.#told = told;
    return Object.keys(migrations).length === 0 ? null : { migrations };
  }
}
