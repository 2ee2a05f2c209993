/** Items that may have begun beyond the first that has not ended, where nothing else bounds them. */
export const WINDOW = 256;

export interface LaneOptions<T> {
  /** How many items are worked on at once; asked again whenever one ends. */
  readonly depth: () => number;
  /** How many items may have begun beyond the first that has not ended. */
  readonly window: number;
  readonly signal: AbortSignal;
  /** Ends the run early and well: no new item is begun. */
  readonly pause?: AbortSignal | undefined;
  /** Told of the first failure at once, so that whatever else is under way can be stopped. */
  readonly fail: (error: unknown) => void;
  /** @param turn resolves when all items before it have ended */
  readonly work: (item: T, turn: Promise<void>) => Promise<void>;
  /** Called for every item that has ended, in the items' order, as soon as all before it have. */
  readonly passed: (item: T) => void;
}

/**
 * Works on items, several at once. An item that takes long holds up none behind it, only what is told in order.
 * The source is asked for the next item when there is a place for it. However it ends, all that was begun has ended
 * then, and the source is closed.
 * @returns `paused` when it ended before the items did
 * @throws the first failure: of the source, of an item's work or of `passed`
 */
export async function runLanes<T>(
  items: AsyncIterable<T>,
  options: LaneOptions<T>,
): Promise<'ended' | 'paused'> {
  const lanes = new Lanes(options);
  const source = items[Symbol.asyncIterator]();
  let open = true;
  try {
    while (await lanes.hasPlace()) {
      const next = await source.next();
      if (next.done === true) {
        open = false;
        break;
      }
      lanes.begin(next.value);
    }
  } catch (error) {
    lanes.failed(error);
  }
  await lanes.settled();
  if (open) await source.return?.();
  lanes.throwIfFailed();
  return open ? 'paused' : 'ended';
}

class Lanes<T> {
  readonly #options: LaneOptions<T>;
  readonly #begun: { readonly item: T; done: boolean }[] = [];
  #running = 0;
  #failure: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(options: LaneOptions<T>) {
    this.#options = options;
  }

  /** True when there is a place for another item; false when none is to be begun any more. */
  async hasPlace(): Promise<boolean> {
    const { depth, window, signal, pause } = this.#options;
    for (;;) {
      if (this.#failure || pause?.aborted === true) return false;
      signal.throwIfAborted();
      if (this.#running < depth() && this.#begun.length < window) return true;
      await this.#somethingEnds();
    }
  }

  begin(item: T): void {
    const entry = { item, done: false };
    this.#begun.push(entry);
    this.#running += 1;
    const turn = this.#last;
    const own = this.#run(entry, turn);
    this.#last = turn.then(() => own);
  }

  failed(error: unknown): void {
    this.#failure ??= { error };
    this.#options.fail(error);
  }

  async settled(): Promise<void> {
    while (this.#running > 0) await this.#somethingEnds();
  }

  throwIfFailed(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** Never rejects. */
  async #run(entry: { readonly item: T; done: boolean }, turn: Promise<void>): Promise<void> {
    try {
      await this.#options.work(entry.item, turn);
      entry.done = true;
      this.#tell();
    } catch (error) {
      this.failed(error);
    } finally {
      this.#running -= 1;
      this.#wake();
    }
  }

  #tell(): void {
    for (let [first] = this.#begun; first?.done === true && !this.#failure; [first] = this.#begun) {
      this.#begun.shift();
      this.#options.passed(first.item);
    }
  }

  #somethingEnds(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
