import { GutsError } from '@guts/core';

/** Lets so many works run at once, and so many more wait, in their order. */
export class Turns {
  #free: number;
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];

  constructor(atOnce: number, waiting: number) {
    this.#free = atOnce;
    this.#most = waiting;
  }

  /** @throws GutsError `identity_unavailable` when too many wait already, or what the work throws */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else {
      if (this.#waiting.length >= this.#most)
        throw new GutsError('identity_unavailable', 'too many wait for Keystone already', {
          details: { retry_after: 1 },
        });
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
