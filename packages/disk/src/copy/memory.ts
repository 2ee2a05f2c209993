import { DiskUsageError } from '../errors.ts';

interface Waiter {
  readonly bytes: number;
  readonly go: () => void;
}

/** A share's part of the account. */
interface Account {
  held: number;
  readonly waiting: Waiter[];
}

/** What one copy has of the memory. */
export interface MemoryShare {
  /**
   * A buffer of so many bytes, with anything in it. In the order of the calls: who asked first has his before those
   * who asked later, so that what is written in order never waits for memory that its successors hold.
   */
  take(bytes: number, signal: AbortSignal): Promise<Uint8Array>;
  /** @param again nobody writes to it or reads from it any more, so that another copy may have it */
  give(buffer: Uint8Array, again: boolean): void;
  /** Another buffer for one that somebody may still use: its bytes stay accounted for. */
  swap(buffer: Uint8Array): Uint8Array;
}

/**
 * Buffers of all copies of a worker. A copy holds at most its part of the memory, as if there were one copy more, so
 * that those which hang leave something to those which come later; but each has one buffer in any case. All of them
 * together hold at most `bytes`, and a buffer for each copy.
 */
export class CopyMemory {
  readonly #bytes: number;
  readonly #accounts = new Set<Account>();
  readonly #free: Uint8Array[] = [];
  #used = 0;

  constructor(bytes: number) {
    if (!Number.isSafeInteger(bytes) || bytes < 1)
      throw new DiskUsageError(`a copy needs memory, not ${bytes} bytes`);
    this.#bytes = bytes;
  }

  /** Bytes that are out. */
  get used(): number {
    return this.#used;
  }

  open(): MemoryShare & { close(): void } {
    const account: Account = { held: 0, waiting: [] };
    this.#accounts.add(account);
    return {
      take: (bytes, signal) => this.#take(account, bytes, signal),
      give: (buffer, again) => {
        account.held -= buffer.length;
        this.#used -= buffer.length;
        if (again) this.#keep(buffer);
        this.#admit();
      },
      swap: (buffer) => this.#buffer(buffer.length),
      close: () => {
        this.#accounts.delete(account);
        this.#used -= account.held;
        account.held = 0;
        if (this.#accounts.size === 0) this.#free.length = 0;
        this.#admit();
      },
    };
  }

  async #take(account: Account, bytes: number, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted();
    let forget: () => void = () => undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const waiter: Waiter = { bytes, go: resolve };
        const aborted = (): void => {
          const at = account.waiting.indexOf(waiter);
          // Granted already: whoever asked gives it back.
          if (at < 0) return;
          account.waiting.splice(at, 1);
          reject(signal.reason as Error);
          this.#admit();
        };
        account.waiting.push(waiter);
        signal.addEventListener('abort', aborted, { once: true });
        forget = () => signal.removeEventListener('abort', aborted);
        this.#admit();
      });
    } finally {
      forget();
    }
    return this.#buffer(bytes);
  }

  /** Those who hold least come first. */
  #admit(): void {
    const most = this.#bytes / (this.#accounts.size + 1);
    for (;;) {
      let next: Account | undefined;
      for (const account of this.#accounts) {
        const [first] = account.waiting;
        if (!first) continue;
        const fits = account.held + first.bytes <= most && this.#used + first.bytes <= this.#bytes;
        if (account.held > 0 && !fits) continue;
        if (!next || account.held < next.held) next = account;
      }
      const first = next?.waiting[0];
      if (!next || !first) return;
      next.waiting.shift();
      next.held += first.bytes;
      this.#used += first.bytes;
      first.go();
    }
  }

  #keep(buffer: Uint8Array): void {
    const kept = this.#free.reduce((sum, { length }) => sum + length, 0);
    if (this.#used + kept + buffer.length <= this.#bytes) this.#free.push(buffer);
  }

  /** One that was used before, if one of its size is there: making one anew costs as much as filling it. */
  #buffer(bytes: number): Uint8Array {
    // The one used last: it is in the processor's cache.
    const at = this.#free.findLastIndex(({ length }) => length === bytes);
    const [found] = at < 0 ? [] : this.#free.splice(at, 1);
    // Free ones of other sizes would come on top.
    if (!found) this.#free.length = 0;
    return found ?? Buffer.allocUnsafeSlow(bytes);
  }
}
