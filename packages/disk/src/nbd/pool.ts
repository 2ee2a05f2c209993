import { orAbort } from '../abort.ts';
import { systemClock, type CopyClock } from '../copy/clock.ts';
import { DiskUsageError } from '../errors.ts';
import { NbdConnection, type NbdSession } from './connection.ts';
import { NbdError } from './errors.ts';
import { can, type NbdExport } from './negotiate.ts';

export interface NbdPoolOptions extends NbdSession {
  /** Connections to hold where the server allows several to one export; one otherwise. Default 4. */
  readonly connections?: number;
  /** Only the first connects before there is more to do than one does. Default all as soon as they can. */
  readonly othersWhenNeeded?: boolean;
  /** How often to try to connect anew when no connection is left. Default 6, over some 6 seconds. */
  readonly reconnectAttempts?: number;
}

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const FIRST_BACK_OFF = 100;
const LONGEST_BACK_OFF = 5000;

/**
 * The connections to one export. More than one only where the server says that they see each other's writes and
 * flushes (`NBD_FLAG_CAN_MULTI_CONN`). The first is there when `open` resolves, the others join when they can: a
 * server that does not answer them (`qemu-nbd` takes as many as it was told) is left alone with what it took.
 */
export class NbdPool {
  readonly export: NbdExport;
  readonly #options: NbdPoolOptions;
  readonly #contexts: readonly string[];
  readonly #clock: CopyClock;
  /** With their numbers, counted from 1 as they were made. */
  readonly #live = new Map<NbdConnection, number>();
  readonly #closed = new AbortController();
  readonly #onLost: (reason: NbdError) => void;
  readonly #wanted: number;
  /** The others were asked for; after that only when one is lost: a server that takes no more is left alone. */
  #othersAsked = false;
  #made = 0;
  #filling: Promise<void> | undefined;
  #filled: Deferred | undefined;
  #closing: Promise<void> | undefined;

  private constructor(
    options: NbdPoolOptions,
    contexts: readonly string[],
    first: NbdConnection,
    onLost: (reason: NbdError) => void,
  ) {
    this.export = first.export;
    this.#options = options;
    this.#contexts = contexts;
    this.#clock = options.clock ?? systemClock;
    this.#onLost = onLost;
    this.#wanted = can(first.export, 'multiConn') ? Math.max(1, options.connections ?? 4) : 1;
    this.#add(first);
    if (options.othersWhenNeeded !== true) this.#askOthers();
  }

  /**
   * @param contexts names of the metadata contexts to select
   * @param onLost told of every connection that is over before `close`
   * @throws as `NbdConnection.open` does
   */
  static async open(
    options: NbdPoolOptions,
    contexts: readonly string[],
    signal: AbortSignal,
    onLost: (reason: NbdError) => void = () => undefined,
  ): Promise<NbdPool> {
    return new NbdPool(options, contexts, await NbdConnection.open(options, contexts, signal), onLost);
  }

  /** Connections that take requests now. */
  get connections(): number {
    return this.#live.size;
  }

  /** Connections made so far. */
  get made(): number {
    return this.#made;
  }

  /**
   * Gives `work` the connection with the least to do, and which one of all that were made it is (from 1), connecting anew
   * where none is left.
   * Throws what connecting failed with, after the attempts for it; `DiskUsageError` when closed.
   */
  async run<T>(
    signal: AbortSignal,
    work: (connection: NbdConnection, number: number) => Promise<T>,
  ): Promise<T> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#closed.signal.aborted) throw new DiskUsageError('the disk is closed');
      const connection = this.#leastLoaded();
      if (connection && connection.load > 0) this.#askOthers();
      if (connection) return work(connection, this.#live.get(connection) ?? 0);
      this.#fill();
      await orAbort(this.#anyLive(), signal);
    }
  }

  /** Says goodbye on every connection; what is under way fails. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#closed.abort(new DiskUsageError('the disk is closed'));
    await Promise.all([...[...this.#live.keys()].map((connection) => connection.close()), this.#filling]);
  }

  #leastLoaded(): NbdConnection | undefined {
    let least: NbdConnection | undefined;
    for (const connection of this.#live.keys())
      if (connection.usable && (!least || connection.load < least.load)) least = connection;
    return least;
  }

  #add(connection: NbdConnection): void {
    this.#made += 1;
    this.#live.set(connection, this.#made);
    void this.#replaceWhenLost(connection);
  }

  async #replaceWhenLost(connection: NbdConnection): Promise<void> {
    const reason = await connection.over;
    this.#live.delete(connection);
    if (this.#closed.signal.aborted) return;
    this.#onLost(reason);
    this.#fill();
  }

  /** Resolves when there is a connection, rejects when the attempts for it are used up. */
  #anyLive(): Promise<void> {
    this.#filled ??= deferred();
    return this.#filled.promise;
  }

  #askOthers(): void {
    if (this.#othersAsked) return;
    this.#othersAsked = true;
    this.#fill();
  }

  #fill(): void {
    if (this.#closed.signal.aborted || this.#live.size >= this.#wanted) return;
    this.#filling ??= this.#connectAll();
  }

  /** Ends with `#filling` unset, so that whoever finds no connection afterwards starts it anew. */
  async #connectAll(): Promise<void> {
    let attempts = 0;
    try {
      while (!this.#closed.signal.aborted && this.#live.size < this.#wanted) {
        try {
          this.#add(await this.#connectAgain());
          attempts = 0;
          this.#settle((filled) => filled.resolve());
        } catch (error) {
          // It does not want more; what is there does the work, and more is asked for when one of them is lost.
          if (this.#live.size > 0) return;
          attempts += 1;
          if (this.#isFinal(error, attempts)) {
            this.#settle((filled) => filled.reject(error));
            return;
          }
          await this.#pause(attempts);
        }
      }
    } finally {
      this.#filling = undefined;
    }
  }

  #isFinal(error: unknown, attempts: number): boolean {
    if (this.#closed.signal.aborted || attempts >= (this.#options.reconnectAttempts ?? 6)) return true;
    return !(error instanceof NbdError && error.retryable);
  }

  #settle(how: (filled: Deferred) => void): void {
    if (this.#filled) how(this.#filled);
    this.#filled = undefined;
  }

  async #connectAgain(): Promise<NbdConnection> {
    const connection = await NbdConnection.open(this.#options, this.#contexts, this.#closed.signal);
    const { size, flags, minimumBlock } = connection.export;
    if (this.#closed.signal.aborted) {
      await connection.close();
      throw this.#closed.signal.reason;
    }
    if (size === this.export.size && flags === this.export.flags && minimumBlock === this.export.minimumBlock)
      return connection;
    await connection.close();
    throw new NbdError(
      'nbd_export_changed',
      `the NBD export had ${this.export.size} bytes and has ${size} after connecting anew, or offers something else`,
    );
  }

  async #pause(attempts: number): Promise<void> {
    const milliseconds = Math.min(LONGEST_BACK_OFF, FIRST_BACK_OFF * 2 ** (attempts - 1));
    try {
      await this.#clock.sleep(milliseconds, this.#closed.signal);
    } catch (error) {
      if (!this.#closed.signal.aborted) throw error;
    }
  }
}

function deferred(): Deferred {
  let settle: Omit<Deferred, 'promise'> = { resolve: () => undefined, reject: () => undefined };
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}
