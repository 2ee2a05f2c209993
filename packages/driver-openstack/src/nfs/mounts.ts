import { createHash } from 'node:crypto';
import { constants, type FileHandle, mkdir, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@guts/core';
import { unreached } from '../unreached.ts';
import { isShare, mountOptions } from './mount-options.ts';
import { mountIdAt, mountIdOf } from './mount-table.ts';

/** Runs a program as who may mount. @throws Error with what it said */
export type RunAsRoot = (command: string, args: readonly string[], signal: AbortSignal) => Promise<void>;

export interface MountRules {
  /** Shares that may be mounted because a cloud names them, as in `server:/path`; `*`: any. */
  readonly shares: readonly string[];
  /** Folder of the mount points; ours alone. */
  readonly folder: string;
  readonly run: RunAsRoot;
  /** The text of /proc/self/mountinfo. */
  readonly mountInfo: () => Promise<string>;
}

interface Held {
  count: number;
  readonly point: string;
  /** Keeps the kernel from unmounting it for another process that thinks it unused. */
  readonly handle: FileHandle;
}

/** A share that stays mounted until it is released. */
export interface Hold {
  readonly point: string;
  /** Unmounts it when nobody uses it any more. */
  release(): Promise<void>;
}

const TRIES = 3;
const BUSY = /busy|in use/i;
const FORBIDDEN = /permission|superuser|only root|not permitted|privileg|password|sudo/i;

/**
 * NFS shares that are mounted because volumes lie on them. Who uses one holds it open, so that the kernel counts users,
 * of other processes, too: it is unmounted by whom the kernel lets, the last. What a worker that was killed left mounted
 * is unmounted when another first uses these.
 */
export class NfsMounts {
  readonly #rules: MountRules;
  readonly #held = new Map<string, Held>();
  /** One change at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  #swept = false;

  constructor(rules: MountRules) {
    this.#rules = rules;
  }

  get folder(): string {
    return this.#rules.folder;
  }

  /** Whether the operator lets a cloud have this share mounted here. */
  allows(share: string): boolean {
    return this.#rules.shares.some((one) => one === '*' || one === share) && isShare(share);
  }

  /**
   * Mounts the share if it is not, and keeps it so. @param options as connection information has them
   * @throws GutsError `destination_refused` (unreached) when it cannot be
   */
  hold(share: string, options: string, signal: AbortSignal): Promise<Hold> {
    return this.#inTurn(async () => {
      const held = this.#held.get(share) ?? (await this.#open(share, options, signal));
      held.count += 1;
      this.#held.set(share, held);
      let released: Promise<void> | undefined;
      return {
        point: held.point,
        release: () => (released ??= this.#inTurn(() => this.#release(share, held))),
      };
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #open(share: string, options: string, signal: AbortSignal): Promise<Held> {
    const checked = mountOptions(options);
    if ('refused' in checked)
      throw unreached(
        `the volume service asks for NFS share ${share} to be mounted with "${checked.refused}", which this worker does not`,
        'Mount the share on this worker yourself, or set volume_access to image or auto.',
      );
    await this.#sweep(signal);
    // Named as Cinder and Nova do, by which a stand-in of another type is known for it, too.
    const point = join(this.folder, createHash('md5').update(share).digest('hex'));
    await mkdir(point, { recursive: true, mode: 0o700 });
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (!(await this.#isMounted(point))) await this.#mount(share, checked.options, point, signal);
      const handle = await open(point, constants.O_RDONLY | constants.O_DIRECTORY);
      // Another process may have unmounted it just before we held it.
      const held = mountIdOf(await readFile(`/proc/self/fdinfo/${handle.fd}`, 'utf8'));
      if (held !== null && held === mountIdAt(await this.#rules.mountInfo(), point))
        return { count: 0, point, handle };
      await handle.close();
    }
    throw unreached(`NFS share ${share} does not stay mounted at ${point}`);
  }

  async #isMounted(point: string): Promise<boolean> {
    return mountIdAt(await this.#rules.mountInfo(), point) !== null;
  }

  async #mount(share: string, options: string, point: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#rules.run('mount', ['-t', 'nfs', '-o', options, share, point], signal);
    } catch (error) {
      signal.throwIfAborted();
      // Another process was faster.
      if (await this.#isMounted(point)) return;
      const why = messageOf(error);
      throw unreached(
        `NFS share ${share} cannot be mounted on this worker: ${why}`,
        FORBIDDEN.test(why)
          ? 'Mounting needs CAP_SYS_ADMIN: run the worker as root, or set root_helper (sudo -n) and allow it mount and umount; or mount the share yourself.'
          : 'See whether this host reaches the NFS server and has its client (Debian: nfs-common); or mount the share yourself.',
        error,
      );
    }
  }

  async #release(share: string, held: Held): Promise<void> {
    held.count -= 1;
    if (held.count > 0) return;
    this.#held.delete(share);
    await held.handle.close();
    await this.#unmount(held.point, AbortSignal.timeout(60_000));
  }

  /** Unless somebody uses it. */
  async #unmount(point: string, signal: AbortSignal): Promise<void> {
    if (!(await this.#isMounted(point))) return;
    try {
      await this.#rules.run('umount', [point], signal);
    } catch (error) {
      if (!BUSY.test(messageOf(error)) && (await this.#isMounted(point))) throw error;
    }
  }

  /** Once: what nobody uses of what is mounted here. */
  async #sweep(signal: AbortSignal): Promise<void> {
    if (this.#swept) return;
    this.#swept = true;
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.folder)) await this.#unmount(join(this.folder, name), signal);
  }
}
