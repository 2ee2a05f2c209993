import type { CopyClock } from './clock.ts';

/** Requests at once: where it begins, and what it never passes. */
export interface DepthBounds {
  readonly first: number;
  readonly most: number;
}

const DEFAULT: DepthBounds = { first: 4, most: 16 };

/** Bounds for a reader that may bear no more than so many requests. */
export function boundsFor(given: DepthBounds | undefined, requestsAtOnce: number | undefined): DepthBounds {
  const { first, most } = given ?? DEFAULT;
  const bounded = Math.max(1, Math.min(most, requestsAtOnce ?? most));
  return { first: Math.min(first, bounded), most: bounded };
}

/** A rate is believed once it was measured over so long, and over two rounds of requests. */
const WINDOW_MILLISECONDS = 400;
/** A deeper queue must bring at least this much: it costs memory, and others their turn. */
const WORTH = 1.05;
/** After so many windows at the best depth found, its neighbours are tried again: the far side may have changed. */
const HOLD_WINDOWS = 25;

/**
 * How many requests of one copy are under way at once, found by trying: one step deeper is kept when bytes come
 * faster for it, and one step back is kept when they come no slower.
 */
export class AdaptiveDepth {
  readonly #clock: CopyClock;
  readonly #bounds: DepthBounds;
  #depth: number;
  /** Depth and rate of the last window whose depth is kept; bytes per millisecond. */
  #kept: { readonly depth: number; readonly rate: number } | undefined;
  #direction: 1 | -1 = 1;
  #held = 0;
  #since: number;
  #bytes = 0;
  #completions = 0;

  constructor(clock: CopyClock, bounds: DepthBounds = DEFAULT) {
    this.#clock = clock;
    this.#bounds = bounds;
    this.#depth = Math.min(bounds.first, bounds.most);
    this.#since = clock.monotonic();
  }

  get depth(): number {
    return this.#depth;
  }

  /** A request of so many bytes has ended well. */
  completed(bytes: number): void {
    this.#bytes += bytes;
    this.#completions += 1;
    const now = this.#clock.monotonic();
    const elapsed = now - this.#since;
    if (elapsed < WINDOW_MILLISECONDS || this.#completions < 2 * this.#depth) return;
    this.#judge(this.#bytes / elapsed);
    this.#since = now;
    this.#bytes = 0;
    this.#completions = 0;
  }

  #judge(rate: number): void {
    const kept = this.#kept;
    if (!kept) return this.#keep(rate, 1);
    if (this.#depth === kept.depth) {
      this.#held += 1;
      this.#kept = { depth: kept.depth, rate };
      if (this.#held >= HOLD_WINDOWS) this.#try();
      return;
    }
    const better = this.#depth > kept.depth ? rate >= kept.rate * WORTH : rate * WORTH >= kept.rate;
    if (better) return this.#keep(rate, this.#direction);
    this.#depth = kept.depth;
    this.#direction = this.#direction === 1 ? -1 : 1;
    this.#held = 0;
  }

  /** The depth of now is the best known: a further step in the direction that brought it. */
  #keep(rate: number, direction: 1 | -1): void {
    this.#kept = { depth: this.#depth, rate };
    this.#direction = direction;
    this.#try();
  }

  #try(): void {
    this.#held = 0;
    const step = Math.max(1, Math.round(this.#depth / 4));
    const next = Math.min(this.#bounds.most, Math.max(1, this.#depth + this.#direction * step));
    if (next === this.#depth) this.#direction = this.#direction === 1 ? -1 : 1;
    this.#depth = next;
  }
}
