import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_LIMITS, type Log, type NewEvent, type Status, type Store } from '@guts/core';
import { openStore } from '@guts/store';
import { type Api, type Caller, createApi } from '../../src/index.ts';
import { optionsFor, storeWith } from '../rig.ts';
import { beat, DEAD, seed } from './seeded.ts';

const PROJECTS = { a: 'a'.repeat(32), b: 'b'.repeat(32) } as const;
/** Roles by the last word of a token; the first says whose it is. None of these texts may ever be in an answer. */
const ROLES: Readonly<Record<string, readonly string[]>> = {
  none: ['other'],
  reader: ['reader'],
  member: ['member', 'reader'],
  admin: ['admin', 'member', 'reader'],
};
export const TOKEN_WORD = 'geheimzeichen';
export const tokenOf = (who: string): string => `${TOKEN_WORD}-${who}`;

function callerOf(token: string | null): Caller | null {
  const [word, where = '', role = ''] = token?.split('-') ?? [];
  const roles = Object.hasOwn(ROLES, role) ? ROLES[role] : undefined;
  if (word !== TOKEN_WORD || !roles) return null;
  const projectId = where === 'b' ? PROJECTS.b : where === 'a' ? PROJECTS.a : null;
  return { projectId, userId: `user-${where}-${role}`, roles, system: where === 'system' };
}

export const KINDS = ['source', 'destination', 'mapping', 'migration', 'operation'] as const;
export type Kind = (typeof KINDS)[number];

const TRACE = {
  filters: [{ name: 'alive', left: 2, reason: null }],
  weights: [{ workerId: 'worker-1', weight: 0.5 }],
  limit: null,
};
const FAILURE = { code: 'source_unreachable', message: 'the vCenter does not answer' } as const;
/** How what a worker has may end. */
const ENDS: Readonly<Partial<Record<Status, readonly Status[]>>> & { readonly running: readonly Status[] } = {
  running: ['completed', 'failed', 'completed'],
  cancelling: ['cancelled', 'failed'],
  reverting: ['reverted', 'failed'],
  committing: ['committed'],
};

/** Ids that are remembered of a kind: enough of them, the newest too. */
const REMEMBERED = 60;

/** A running API over a database with something in it, and what is known to be there. */
export class World {
  readonly store: Store;
  readonly api: Api;
  readonly address: URL;
  /** What its log said as an error since it was last taken. */
  readonly #errors: string[];
  readonly #known: Readonly<Record<Kind, string[]>>;
  readonly instances: readonly string[];
  readonly names: readonly string[];

  private constructor(parts: {
    store: Store;
    api: Api;
    address: URL;
    errors: string[];
    known: Readonly<Record<Kind, string[]>>;
    instances: readonly string[];
    names: readonly string[];
  }) {
    this.store = parts.store;
    this.api = parts.api;
    this.address = parts.address;
    this.#errors = parts.errors;
    this.#known = parts.known;
    this.instances = parts.instances;
    this.names = parts.names;
  }

  /** @param database URL of an empty one */
  static async open(database: string): Promise<World> {
    const store = await openStore({ url: database });
    try {
      await store.upgrade();
      await beat(store);
      const own = await seed(store, PROJECTS.a, 'alpha');
      await seed(store, PROJECTS.b, 'bravo');
      const errors: string[] = [];
      let made = 0;
      const api = createApi(
        optionsFor(buryingDead(store), {
          authenticate: (token) => Promise.resolve(callerOf(token)),
          limits: { ...DEFAULT_LIMITS, overrides: { 'host:alpha-source:host-1': 3 } },
          // The same in every run, so that a call can be made again.
          newId: () => `made-${(made += 1)}`,
          log: listening(errors),
          clock: {
            now: () => Date.now(),
            monotonic: () => performance.now(),
            sleep: (ms, signal) => sleep(ms, undefined, signal ? { signal } : {}),
          },
        }),
      );
      const address = new URL(await api.listen());
      const { sources, destinations, mappings, migrations, operations, instances, names } = own;
      const known = {
        source: [...sources],
        destination: [...destinations],
        mapping: [...mappings],
        migration: [...migrations],
        operation: [...operations],
      };
      return new World({ store, api, address, errors, known, instances, names });
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  known(kind: Kind): readonly string[] {
    return this.#known[kind];
  }

  /** What an answer shows to be there. */
  learn(answer: unknown): void {
    if (typeof answer !== 'object' || answer === null) return;
    for (const kind of KINDS) {
      const { id } = ((answer as Record<string, unknown>)[kind] ?? {}) as { id?: unknown };
      const ids = this.#known[kind];
      if (typeof id !== 'string' || ids.includes(id)) continue;
      ids.push(id);
      // Those that everything else hangs on stay known.
      if (ids.length > REMEMBERED) ids.splice(8, 1);
    }
  }

  takeErrors(): string[] {
    return this.#errors.splice(0);
  }

  /** What workers and schedulers would have done meanwhile. @param n which time it is */
  async tick(n: number): Promise<void> {
    await beat(this.store);
    const event = (resource: 'migration' | 'operation', resourceId: string) => ({
      projectId: PROJECTS.a,
      resource,
      resourceId,
      type: `${resource}.test`,
      severity: 'information' as const,
      message: 'went on',
      data: {},
    });
    const migrations = this.#known.migration;
    for (let at = n % 3; at < migrations.length; at += 3) {
      const id = migrations[at] ?? '';
      await this.#goOn(id, n + at, event('migration', id));
    }
    const claimed = await this.store.claimOperation('worker-1', 60);
    if (!claimed) return;
    const result =
      n % 2 === 0
        ? { status: 'done' as const, result: claimed.kind.endsWith('reap') ? { leftovers: [] } : { a: [1] } }
        : {
            status: 'failed' as const,
            error: { code: 'source_login' as const, message: 'refused', causes: [] },
          };
    await this.store.finishOperation(claimed.id, claimed.epoch, result, event('operation', claimed.id));
  }

  /** A worker takes what waits for one, and ends it in one way or another. */
  async #goOn(id: string, n: number, event: NewEvent): Promise<void> {
    const { reserved } = await this.store.scheduleRound(
      { aliveSeconds: 60, reservationSeconds: 60, limit: 10_000 },
      ({ waiting }) =>
        waiting
          .filter((one) => one.id === id)
          .map(() => ({ id, workerId: 'worker-1', reason: 'free', trace: TRACE })),
    );
    if (reserved.length === 0) return;
    const held = await this.store.acquireLease(id, 'worker-1', 60);
    if (!held) return;
    const { status: from, cancelRequested } = held.migration;
    const ways = cancelRequested ? [] : (ENDS[from] ?? ENDS.running);
    const status = ways[n % ways.length] ?? 'failed';
    const error = status === 'failed' ? FAILURE : null;
    await this.store.finishLease(held.lease, { status, phase: null, reason: 'ended', error }, event);
  }

  async close(): Promise<void> {
    await this.api.close();
    await this.store.close();
  }
}

/** A service that was heard a moment ago is told as dead: nobody can wait for one to die. */
function buryingDead(store: Store): Store {
  return storeWith(store, {
    listServices: async (seconds) =>
      (await store.listServices(seconds)).map((one) => (one.id === DEAD ? { ...one, alive: false } : one)),
  });
}

function listening(errors: string[]): Log {
  const log: Log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (fields, message) => {
      const { err } = fields as { err?: unknown };
      errors.push(`${message}: ${err instanceof Error ? (err.stack ?? err.message) : JSON.stringify(err)}`);
    },
    child: () => log,
  };
  return log;
}
