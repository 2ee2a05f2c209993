import type { Hold, NfsMounts } from './mounts.ts';

/** The shares that one connection keeps mounted. */
export class ShareHolds {
  readonly #mounts: NfsMounts | null;
  readonly #holds = new Map<string, Promise<Hold>>();

  constructor(mounts: NfsMounts | null) {
    this.#mounts = mounts;
  }

  /** Folder of the mount points of this worker's own; null: it mounts nothing. */
  get folder(): string | null {
    return this.#mounts?.folder ?? null;
  }

  /**
   * Where this worker itself has the share mounted, until {@link close}; null: it may not mount it.
   * @throws GutsError `destination_refused` (unreached)
   */
  async pointOf(share: string, options: string, signal: AbortSignal): Promise<string | null> {
    if (this.#mounts?.allows(share) !== true) return null;
    let hold = this.#holds.get(share);
    if (!hold) {
      hold = this.#mounts.hold(share, options, signal);
      this.#holds.set(share, hold);
      hold.catch(() => this.#holds.delete(share));
    }
    return (await hold).point;
  }

  /** Lets go of all. @throws Error when one that nobody uses cannot be unmounted */
  async close(): Promise<void> {
    const holds = [...this.#holds.values()];
    this.#holds.clear();
    const ended = await Promise.allSettled(holds.map(async (hold) => (await hold).release()));
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  }
}
