/** Work that happens later, as the real services' workers do it; all of it stops when the cloud closes. */
export class Timers {
  readonly #waiting = new Set<NodeJS.Timeout>();
  readonly #running = new Set<Promise<void>>();
  readonly #onBug: (error: unknown) => void;
  #closed = false;

  constructor(onBug: (error: unknown) => void) {
    this.#onBug = onBug;
  }

  /** Does `work` after so many milliseconds, unless the cloud is closed before. */
  after(milliseconds: number, work: () => void | Promise<void>): void {
    if (this.#closed) return;
    const timer = setTimeout(() => {
      this.#waiting.delete(timer);
      const running = Promise.resolve()
        .then(work)
        .catch(this.#onBug)
        .finally(() => this.#running.delete(running));
      this.#running.add(running);
    }, milliseconds);
    this.#waiting.add(timer);
  }

  /** Drops what has not begun and waits for what has. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#waiting) clearTimeout(timer);
    this.#waiting.clear();
    await Promise.all(this.#running);
  }
}
