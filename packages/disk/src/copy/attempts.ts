import { DiskError } from '../errors.ts';
import type { CopyClock } from './clock.ts';

/** No request of a copy has come to an end for too long. Trying again may help. */
export class DiskStalledError extends DiskError {
  readonly retryable = true;
  constructor(what: string, seconds: number) {
    super('disk_stalled', `${what} has not moved a byte for ${seconds} seconds`);
    this.name = 'DiskStalledError';
  }
}

/** How often and when a request that failed for a passing reason is made again. */
export interface RetryPolicy {
  /** Milliseconds before the second attempt, the third, and so on; as many retries as there are pauses. */
  readonly pauses: readonly number[];
  /** A copy none of whose requests ends for so long is stalled; seconds. */
  readonly stallSeconds: number;
}

export const DEFAULT_RETRY: RetryPolicy = { pauses: [200, 1000, 3000, 8000], stallSeconds: 120 };

/**
 * Whether the same may succeed when it is tried again: readers and writers say so of their errors by `retryable`
 * (or `transient`, as errors of GUTS do).
 */
export function isRetryable(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { retryable, transient } = error as { retryable?: unknown; transient?: unknown };
  return retryable === true || transient === true;
}

/** What is told of a request that is made again. */
export interface Retry {
  readonly error: unknown;
  /** Of this request, 1 for its first. */
  readonly attempt: number;
  /** Milliseconds until the next. */
  readonly pause: number;
}

interface Running {
  readonly what: string;
  readonly stall: (error: DiskStalledError) => void;
}

/**
 * Makes the requests of one copy, again where that may help, and watches that some of them end. All attempts that are
 * under way when none has ended for too long are given up, whether or not they hear of it: a caller must not use
 * their buffers for anything else.
 */
export class Attempts {
  readonly #clock: CopyClock;
  readonly #policy: RetryPolicy;
  readonly #onRetry: ((retry: Retry) => void) | undefined;
  readonly #running = new Set<Running>();
  #moved: number;

  constructor(clock: CopyClock, policy: RetryPolicy, onRetry?: (retry: Retry) => void) {
    this.#clock = clock;
    this.#policy = policy;
    this.#onRetry = onRetry;
    this.#moved = clock.monotonic();
  }

  /** Watches until it is told to stop; for as long as a copy lasts. */
  async watch(signal: AbortSignal): Promise<void> {
    const { stallSeconds } = this.#policy;
    for (;;) {
      try {
        await this.#clock.sleep((stallSeconds * 1000) / 4, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      if (signal.aborted) return;
      if (this.#running.size === 0 || this.#clock.monotonic() - this.#moved < stallSeconds * 1000) continue;
      for (const { what, stall } of this.#running) stall(new DiskStalledError(what, stallSeconds));
      this.#moved = this.#clock.monotonic();
    }
  }

  /** @param running is told when the copy stalls before it is {@link ended} */
  begun(running: Running): void {
    // Time in which nothing was under way is no stall.
    if (this.#running.size === 0) this.#moved = this.#clock.monotonic();
    this.#running.add(running);
  }

  ended(running: Running, well: boolean): void {
    this.#running.delete(running);
    if (well) this.#moved = this.#clock.monotonic();
  }

  /**
   * One attempt, given up when the copy stalls.
   * @throws DiskStalledError, the signal's reason, or what `work` throws
   */
  async once<T>(what: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const stop = new AbortController();
    const onAbort = (): void => stop.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    let stall: (error: DiskStalledError) => void = () => undefined;
    const stalled = new Promise<never>((_resolve, reject) => {
      stall = (error) => {
        stop.abort(error);
        reject(error);
      };
    });
    const running = { what, stall };
    this.begun(running);
    let well = false;
    try {
      const result = await Promise.race([work(stop.signal), stalled]);
      well = true;
      return result;
    } finally {
      this.ended(running, well);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /**
   * As many attempts as the policy has, with pauses between them.
   * @param work is told which attempt it is, 1 for the first
   */
  async retried<T>(
    what: string,
    signal: AbortSignal,
    work: (signal: AbortSignal, attempt: number) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.once(what, signal, (inner) => work(inner, attempt));
      } catch (error) {
        await this.pauseAfter(error, attempt, signal);
      }
    }
  }

  /**
   * Resolves when what failed may be tried again.
   * @param attempt that it was, 1 for the first
   * @throws the signal's reason when aborted, or the error when trying again does not help, or no longer
   */
  async pauseAfter(error: unknown, attempt: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const pause = this.#policy.pauses[attempt - 1];
    if (pause === undefined || !isRetryable(error)) throw error;
    this.#onRetry?.({ error, attempt, pause });
    await this.#clock.sleep(pause, signal);
  }
}
