/** Lets so many through at once; the others wait, in order. */
export class Gate {
  readonly #limit: () => number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  /** @param limit asked again whenever one has come out */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  /** @throws the signal's reason, when it was aborted before the work began, or what the work throws */
  async through<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length > 0 || this.#inside >= this.#limit())
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#inside += 1;
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      this.#inside -= 1;
      while (this.#inside < this.#limit()) {
        const next = this.#waiting.shift();
        if (!next) break;
        this.#inside += 1;
        next();
      }
    }
  }
}
