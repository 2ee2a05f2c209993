interface Waiter {
  readonly cost: number;
  readonly go: () => void;
  readonly fail: (reason: unknown) => void;
}

/** Bytes that may be under way at once; who asks for more waits, in order. */
export class Budget {
  readonly #limit: number;
  readonly #waiting: Waiter[] = [];
  #used = 0;
  #queued = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes under way and asked for. */
  get load(): number {
    return this.#used + this.#queued;
  }

  /** Resolves when `cost` bytes are free, or nothing is under way. Rejects with the signal's reason when aborted. */
  async take(cost: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#waiting.length === 0 && this.#fits(cost)) {
      this.#used += cost;
      return;
    }
    let forget: () => void = () => undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const waiter: Waiter = { cost, go: resolve, fail: reject };
        const aborted = (): void => {
          this.#remove(waiter);
          reject(signal.reason as Error);
        };
        this.#waiting.push(waiter);
        this.#queued += cost;
        signal.addEventListener('abort', aborted, { once: true });
        forget = () => signal.removeEventListener('abort', aborted);
      });
    } finally {
      forget();
    }
  }

  give(cost: number): void {
    this.#used -= cost;
    this.#admit();
  }

  /** Everybody who waits is turned away. */
  failAll(reason: unknown): void {
    for (const waiter of this.#waiting.splice(0)) {
      this.#queued -= waiter.cost;
      waiter.fail(reason);
    }
  }

  #fits(cost: number): boolean {
    return this.#used === 0 || this.#used + cost <= this.#limit;
  }

  #remove(waiter: Waiter): void {
    const at = this.#waiting.indexOf(waiter);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    this.#queued -= waiter.cost;
    // Smaller ones may have stood behind it.
    this.#admit();
  }

  #admit(): void {
    for (let first = this.#waiting[0]; first && this.#fits(first.cost); first = this.#waiting[0]) {
      this.#waiting.shift();
      this.#queued -= first.cost;
      this.#used += first.cost;
      first.go();
    }
  }
}
