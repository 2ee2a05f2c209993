import assert from 'node:assert/strict';
import { CorruptDiskError, DiskError, NbdError, QemuNbdError } from '../../src/index.ts';
import type { Dice } from '../dice.ts';

/** How an attempt to copy ends before the copy does. */
export const ENDINGS = ['abort', 'pause', 'read', 'write', 'flush', 'checkpoint', 'strike'] as const;
export interface Ending {
  readonly how: (typeof ENDINGS)[number];
  /** When, in thousandths of what the whole copy takes. */
  readonly at: number;
}

/** An injected failure that ends the copy. */
export class Injected extends Error {}
/** An injected failure after which the same may be tried again. */
export class Passing extends Error {
  readonly retryable = true;
}

/** Fewer than the copies of this test try a request again: no chance ends one. */
const MOST_HICCUPS = 5;
/** Moments of a chunk: reading, writing and telling of it. */
const MOMENTS = 5;

export interface TroubleOptions {
  readonly ending: Ending | undefined;
  /** Of the copy that this is to be an attempt at. */
  readonly chunks: number;
  /** Of these chunks between two checkpoints. */
  readonly checkpointChunks: number;
  /** Of so many requests one fails for a passing reason, a few times; 0: none does. */
  readonly hiccups: number;
  readonly chance: Dice;
  /** Cuts connections, crashes servers; absent: there are none, and the copy is aborted. */
  readonly strike?: (() => void) | undefined;
  /** Connections of this case are cut: requests may fail for that. */
  readonly cuts?: boolean;
}

/** What happens to one attempt: everything that reads and writes for it asks here what is to go wrong. */
export class Trouble {
  readonly stop = new AbortController();
  readonly pause = new AbortController();
  readonly chance: Dice;
  /** Requests under way. */
  running = 0;
  /** A stream ended early. */
  truncated = false;
  readonly #options: TroubleOptions;
  readonly #calls = new Map<string, number>();
  #moments = 0;
  #hiccups = 0;
  #struck = false;
  #calm = false;

  constructor(options: TroubleOptions) {
    this.#options = options;
    this.chance = options.chance;
  }

  /** Something begins, ends or is told. */
  moment(): void {
    const { ending, strike } = this.#options;
    this.#moments += 1;
    if (!ending || this.#moments !== this.#when(MOMENTS * this.#options.chunks)) return;
    const noneToStrike = ending.how === 'strike' && !strike;
    if (ending.how === 'abort' || noneToStrike) this.stop.abort(new Injected('aborted'));
    if (ending.how === 'pause') this.pause.abort(new Injected('paused'));
    if (ending.how !== 'strike' || !strike) return;
    this.#struck = true;
    strike();
  }

  /** Whether this call is the one that fails for good. */
  due(kind: 'read' | 'write' | 'flush' | 'checkpoint'): boolean {
    const { ending } = this.#options;
    const calls = this.#calls.get(kind) ?? 0;
    this.#calls.set(kind, calls + 1);
    return ending?.how === kind && calls + 1 === this.#when(this.#callsOf(kind));
  }

  /** Leaves the failing of a kind to who asks: the number of its call, if that is how the attempt ends. */
  takeOver(kind: 'read' | 'write'): number | undefined {
    const { ending } = this.#options;
    if (ending?.how !== kind) return undefined;
    this.#calls.set(kind, Infinity);
    return this.#when(this.#callsOf(kind)) - 1;
  }

  /** Nothing hiccups while it lasts: nobody tries an opening again. */
  async calmly<T>(work: () => Promise<T>): Promise<T> {
    this.#calm = true;
    try {
      return await work();
    } finally {
      this.#calm = false;
    }
  }

  hiccup(): boolean {
    const { hiccups, chance } = this.#options;
    if (this.#calm || hiccups === 0 || this.#hiccups >= MOST_HICCUPS || chance.roll(hiccups) > 0)
      return false;
    this.#hiccups += 1;
    return true;
  }

  #callsOf(kind: 'read' | 'write' | 'flush' | 'checkpoint'): number {
    const { chunks, checkpointChunks } = this.#options;
    return kind === 'read' || kind === 'write' ? chunks : Math.ceil(chunks / checkpointChunks);
  }

  /** The ending's time among so many, from 1. */
  #when(all: number): number {
    return 1 + Math.floor(((this.#options.ending?.at ?? 0) * all) / 1000);
  }

  /** Counts as under way while it lasts. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.running += 1;
    try {
      this.moment();
      return await work();
    } finally {
      this.moment();
      this.running -= 1;
    }
  }

  /** Throws what is no consequence of what was injected. */
  assertMeant(error: unknown): void {
    if (error instanceof Injected) return;
    if (error instanceof CorruptDiskError && this.truncated) return;
    if (error instanceof DiskError && error.code === 'disk_upload_ended') {
      assert.equal(this.#options.ending?.how, 'write');
      return;
    }
    const broken = this.#struck || this.#options.cuts === true;
    const meant = ['nbd_writes_lost', 'nbd_connection_lost', 'nbd_unreachable'];
    if (error instanceof NbdError && broken && meant.includes(error.code)) return;
    if (error instanceof QemuNbdError && this.#struck && error.code === 'qemu_nbd_ended') return;
    throw error;
  }
}
