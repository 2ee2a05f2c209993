import { type Clock, GutsError } from '@guts/core';

/** Callers that are remembered at once: those that are back at a full bucket are forgotten first. */
const CALLERS = 10_000;
/** A quiet caller may ask so much at once; seconds of the rate. */
const BURST_SECONDS = 10;

interface Bucket {
  tokens: number;
  /** Monotonic milliseconds. */
  at: number;
}

/** A token bucket per caller: filled evenly, and never with more than a burst. */
export class RateLimit {
  readonly #perMillisecond: number;
  readonly #burst: number;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #buckets = new Map<string, Bucket>();

  /** @param perMinute 0: no limit */
  constructor(perMinute: number, clock: Pick<Clock, 'monotonic'>) {
    this.#perMillisecond = perMinute / 60_000;
    this.#burst = Math.max(1, Math.floor((perMinute / 60) * BURST_SECONDS));
    this.#clock = clock;
  }

  /** Counts one request. @throws GutsError `rate_limited` */
  take(caller: string): void {
    if (this.#perMillisecond === 0) return;
    const bucket = this.#filled(caller);
    this.#refuse(bucket);
    bucket.tokens -= 1;
  }

  /** Counts nothing: for what is asked before it is known who asks. @throws GutsError `rate_limited` */
  check(caller: string): void {
    if (this.#perMillisecond === 0 || !this.#buckets.has(caller)) return;
    this.#refuse(this.#filled(caller));
  }

  #refuse({ tokens }: Bucket): void {
    if (tokens >= 1) return;
    const seconds = Math.ceil((1 - tokens) / this.#perMillisecond / 1000);
    throw new GutsError('rate_limited', 'too many requests', {
      remedy: `Ask again in ${seconds} s.`,
      details: { retry_after: seconds },
    });
  }

  #filled(caller: string): Bucket {
    const now = this.#clock.monotonic();
    const known = this.#buckets.get(caller);
    if (known) {
      known.tokens = Math.min(this.#burst, known.tokens + (now - known.at) * this.#perMillisecond);
      known.at = now;
      return known;
    }
    if (this.#buckets.size >= CALLERS) this.#forget(now);
    const made = { tokens: this.#burst, at: now };
    this.#buckets.set(caller, made);
    return made;
  }

  /** Those that are full again, which changes nothing for them; when all are busy, who came first. */
  #forget(now: number): void {
    for (const [caller, { tokens, at }] of this.#buckets)
      if (tokens + (now - at) * this.#perMillisecond >= this.#burst) this.#buckets.delete(caller);
    for (const caller of this.#buckets.keys()) {
      if (this.#buckets.size < CALLERS) return;
      this.#buckets.delete(caller);
    }
  }
}
