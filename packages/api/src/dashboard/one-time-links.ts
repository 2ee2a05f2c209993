import {
  type Clock,
  GutsError,
  type KeyOwner,
  type Log,
  PROJECT_LOCAL,
  type Secrets,
  type Store,
} from '@guts/core';

/** How long a link signs in; milliseconds. */
const LIFE_MS = 10 * 60_000;
/** What the seal is bound to. */
const CONTEXT = 'dashboard link';

export interface LinkParts {
  readonly store: Pick<Store, 'takeKey'>;
  readonly secrets: Secrets;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly newId: () => string;
}

/**
 * Links that sign in once, for a limited time. The code in one is sealed, so that any guts-api of the installation can
 * open it; that it was used is noted where the keys of repeatable requests are, which are kept for longer than it lasts.
 */
export class OneTimeLinks {
  readonly #parts: LinkParts;

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  /**
   * @returns the link's id, where it leads below the address of guts-api, and when it ends (milliseconds since the
   * epoch). The code stands in the fragment, which is sent to no server, and so logged by none.
   */
  issue(): { readonly id: string; readonly path: string; readonly expiresAt: number } {
    const { secrets, clock, newId } = this.#parts;
    const expiresAt = clock.now() + LIFE_MS;
    const id = newId();
    const code = secrets.seal({ id, expiresAt }, CONTEXT);
    return { id, path: `/dashboard/login#code=${code}`, expiresAt };
  }

  /**
   * Uses a code up.
   * @returns the link's id; null: it is none of ours, too old, or was used
   * @throws GutsError `database_unavailable`
   */
  async redeem(code: string): Promise<string | null> {
    const { store, secrets, newId } = this.#parts;
    const id = this.#idOf(code);
    if (id === null) return null;
    // With a blank, which no key of a client has.
    const owner: KeyOwner = { projectId: PROJECT_LOCAL, userId: null, key: `dashboard ${id}` };
    const sealedDigest = secrets.seal({ digest: id }, `idempotency:${PROJECT_LOCAL}`);
    const first = { baseId: newId(), sealedDigest };
    const { taken, resumed } = await store.takeKey(owner, first, LIFE_MS / 1000);
    return taken && !resumed ? id : null;
  }

  #idOf(code: string): string | null {
    const { secrets, clock, log } = this.#parts;
    try {
      const { id, expiresAt } = secrets.open(code, CONTEXT);
      return typeof id === 'string' && clock.now() < Number(expiresAt) ? id : null;
    } catch (error) {
      // Sealed by a key that was retired, or made up.
      if (!(error instanceof GutsError) || error.code !== 'configuration') throw error;
      log.debug({ err: error }, 'the code of a link does not open');
      return null;
    }
  }
}
