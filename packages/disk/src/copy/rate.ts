import { systemClock, type CopyClock } from './clock.ts';

interface Waiter {
  readonly bytes: number;
  readonly go: () => void;
}

/** How much may be sent at once after a pause: so long's worth. */
const BURST_MILLISECONDS = 250;

/**
 * A limit on the bytes per second of all copies of a worker together, which may be changed at any time. Copies take
 * turns: each has its first waiting request served before another has its second.
 */
export class CopyRate {
  readonly #clock: CopyClock;
  readonly #queues = new Set<Waiter[]>();
  #bytesPerSecond: number | null;
  /** When the last one that was let through is paid for; monotonic milliseconds. */
  #free: number;
  #changed = new AbortController();
  #running = false;

  /** @param bytesPerSecond null: no limit */
  constructor(bytesPerSecond: number | null = null, clock: CopyClock = systemClock) {
    this.#clock = clock;
    this.#bytesPerSecond = checked(bytesPerSecond);
    this.#free = clock.monotonic() - BURST_MILLISECONDS;
  }

  get bytesPerSecond(): number | null {
    return this.#bytesPerSecond;
  }

  /** From now on, also for those who wait. */
  limit(bytesPerSecond: number | null): void {
    if (checked(bytesPerSecond) === this.#bytesPerSecond) return;
    this.#bytesPerSecond = bytesPerSecond;
    // What was let through under the old limit must not be paid for at the new one.
    this.#free = Math.min(this.#free, this.#clock.monotonic());
    this.#changed.abort();
    this.#changed = new AbortController();
  }

  /** A copy's place in the turns. The function it answers resolves when so many bytes may pass. */
  open(): { pass(bytes: number, signal: AbortSignal): Promise<void>; close(): void } {
    const queue: Waiter[] = [];
    this.#queues.add(queue);
    return {
      pass: async (bytes, signal) => {
        if (this.#bytesPerSecond === null && !this.#running) return;
        signal.throwIfAborted();
        await new Promise<void>((resolve, reject) => {
          const aborted = (): void => {
            const at = queue.indexOf(waiter);
            if (at >= 0) queue.splice(at, 1);
            reject(signal.reason as Error);
          };
          const waiter: Waiter = {
            bytes,
            go: () => {
              signal.removeEventListener('abort', aborted);
              resolve();
            },
          };
          signal.addEventListener('abort', aborted, { once: true });
          queue.push(waiter);
          void this.#serve();
        });
      },
      close: () => this.#queues.delete(queue),
    };
  }

  /** Serves those who wait until nobody does. */
  async #serve(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      for (let waiter = this.#next(); waiter; waiter = this.#next()) {
        waiter.go();
        const rate = this.#bytesPerSecond;
        if (rate === null) continue;
        const now = this.#clock.monotonic();
        this.#free = Math.max(this.#free, now - BURST_MILLISECONDS) + (waiter.bytes / rate) * 1000;
        // A change of the limit ends the sleep: nothing else does.
        if (this.#free > now)
          await this.#clock.sleep(this.#free - now, this.#changed.signal).catch(() => undefined);
      }
    } finally {
      this.#running = false;
    }
  }

  /** The first who waits in the queue whose turn it is; that queue goes to the end. */
  #next(): Waiter | undefined {
    for (const queue of this.#queues) {
      const waiter = queue.shift();
      if (!waiter) continue;
      this.#queues.delete(queue);
      this.#queues.add(queue);
      return waiter;
    }
    return undefined;
  }
}

function checked(bytesPerSecond: number | null): number | null {
  if (bytesPerSecond !== null && !(bytesPerSecond > 0))
    throw new RangeError(`a rate is more than 0 bytes per second, not ${bytesPerSecond}`);
  return bytesPerSecond;
}
