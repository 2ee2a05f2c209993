import { UnreachableError } from '../errors.ts';

export interface StallLimits {
  /** How long the receiver may take no byte of those that are ready; seconds. */
  readonly stallSeconds: number;
  /** How long it may take to answer after the last byte; seconds. */
  readonly answerSeconds: number;
}

/**
 * Sees a receiver that has stopped taking a body, which TCP alone does not end. The time in which the body's maker
 * has nothing to send does not count.
 */
export class StallWatch {
  readonly #abort = new AbortController();
  readonly #where: string;
  readonly #limits: StallLimits;
  #timer: NodeJS.Timeout | undefined;

  constructor(where: string, limits: StallLimits) {
    this.#where = where;
    this.#limits = limits;
  }

  /** Aborted by an UnreachableError when the receiver stalls. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The same bytes; that the next are asked for says that those before were taken. */
  async *watched(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    const { stallSeconds, answerSeconds } = this.#limits;
    for await (const chunk of body) {
      this.#expectWithin(stallSeconds, `it took no byte for ${stallSeconds} seconds`);
      yield chunk;
      clearTimeout(this.#timer);
    }
    this.#expectWithin(answerSeconds, `no answer for ${answerSeconds} seconds after the last byte`);
  }

  /** Ends the watch: the answer is there, or the request has failed. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #expectWithin(seconds: number, why: string): void {
    this.#timer = setTimeout(
      () => this.#abort.abort(new UnreachableError(this.#where, why, false)),
      seconds * 1000,
    );
  }
}
