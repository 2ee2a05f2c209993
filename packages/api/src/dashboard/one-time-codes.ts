import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '@guts/core';

/** How long a code may be used; milliseconds. */
const LIFE_MS = 10 * 60_000;
/** Codes that are good at once: of more, the oldest is dropped. */
const CODES = 100;
const CODE_BYTES = 32;

const digestOf = (code: string): string => createHash('sha256').update(code).digest('base64');

/** Where a one-time link leads, below the address of guts-api. The fragment is sent to no server, and logged by none. */
export const linkPath = (code: string): string => `/dashboard/login#code=${code}`;

/**
 * Codes that each let in once, for a limited time. They are known to the process that made them alone, and end with it;
 * of the codes only digests are kept, so that to look one up takes no time that tells about it.
 */
export class OneTimeCodes {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  /** Digest of the code → until when, in monotonic milliseconds; the oldest first. */
  readonly #codes = new Map<string, number>();

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock;
  }

  /** @returns the code, and when it ends (milliseconds since the epoch) */
  issue(): { readonly code: string; readonly expiresAt: number } {
    for (const oldest of this.#codes.keys()) {
      if (this.#codes.size < CODES) break;
      this.#codes.delete(oldest);
    }
    const code = randomBytes(CODE_BYTES).toString('base64url');
    this.#codes.set(digestOf(code), this.#clock.monotonic() + LIFE_MS);
    return { code, expiresAt: this.#clock.now() + LIFE_MS };
  }

  /** Uses a code up; false: there is none such, or not any more. */
  redeem(code: string): boolean {
    const digest = digestOf(code);
    const until = this.#codes.get(digest);
    this.#codes.delete(digest);
    return until !== undefined && this.#clock.monotonic() < until;
  }
}
