import { lacks, partOf, type Take, type Usage } from './resources.ts';
import type { QueuedWork } from './types.ts';

/** Waiting so long counts as one step of priority, up to the highest that waits: no priority starves; milliseconds. */
export const PRIORITY_STEP_MS = 60 * 60 * 1000;
/** Of one tier, who waited longer by this is not overtaken for ever by what lies at the same resource; milliseconds. */
export const AGE_STEP_MS = 10 * 60 * 1000;

/** Above every priority; finite, so that tiers can be subtracted. */
const BEGUN = Number.MAX_SAFE_INTEGER;

/** What shares fairly: a plan, or, without one, everything of a project. Their ids differ, for both are random. */
export function shareOf(work: { readonly planId: string | null; readonly projectId: string }): string {
  return work.planId ?? work.projectId;
}

/** Of one disk stream, nominal; bytes per second. */
const STREAM_RATE = 100 * 2 ** 20;
/**
 * By how much a resource takes longer than its work over what there is of it: migrations that take one to four of its
 * streams seldom fill it. Found with the published mixes.
 */
const PACKING = 1.15;
/** What a migration takes beside copying, nominal; seconds. */
const BESIDE_COPYING = 90;

/**
 * All work of a round that may begin, with what its order depends on. Each has a place, counted from 0 as they are
 * added; what is known of it stands there in a column. A round's time is the time to fetch thousands of objects from
 * memory: each is looked at once, when it is added, and only columns afterwards.
 */
export class Candidates<Workers = unknown> {
  readonly ids: string[] = [];
  /** The workers that it can run on. */
  readonly among: Workers[] = [];
  /** How long it may run; seconds, by nominal rates: good for comparing, not for promising. */
  readonly seconds: Float64Array;
  /** What comes first whatever it is: see {@link rank}. */
  readonly tier: Float64Array;
  /** Whole {@link AGE_STEP_MS} that it waited. */
  readonly age: Float64Array;
  /** Whole {@link PRIORITY_STEP_MS} that it waited. */
  readonly hours: Float64Array;
  /** By {@link shareOf}, each as a number from 0. */
  readonly share: Int32Array;
  /** How much of its scarcest resource it takes: 0 to 1. */
  readonly part: Float64Array;
  /**
   * When all could be done at the soonest as far as it is concerned: what its fullest resource needs for all that
   * waits for it, or it alone; seconds, nominal. Known once all are ranked.
   */
  readonly pressure: Float64Array;
  /** The same for its share alone: what it will be when the others have ended. */
  readonly sharePressure: Float64Array;
  /** Of all, one after the other. */
  readonly #takes: Take[] = [];
  readonly #shares = new Map<string, number>();
  /** Where the takes of each begin, and at last where they end. */
  readonly #begin: Int32Array;

  /** @param most how many may be added */
  constructor(most: number) {
    const column = (): Float64Array => new Float64Array(most);
    this.seconds = column();
    this.tier = column();
    this.age = column();
    this.hours = column();
    this.part = column();
    this.pressure = column();
    this.sharePressure = column();
    this.share = new Int32Array(most);
    this.#begin = new Int32Array(most + 1);
  }

  get count(): number {
    return this.ids.length;
  }

  /** Of all. */
  places(): Int32Array {
    return new Int32Array(this.count).map((_, at) => at);
  }

  /** @param now milliseconds since the epoch */
  add(work: QueuedWork, usage: Usage, among: Workers, now: number): void {
    const { bytes, streams } = work.demand;
    const waited = Math.max(0, now - work.queuedAt);
    const at = this.ids.length;
    this.ids.push(work.id);
    this.among.push(among);
    usage.addTakes(work, this.#takes);
    this.#begin[at + 1] = this.#takes.length;
    this.seconds[at] = BESIDE_COPYING + bytes / (STREAM_RATE * Math.max(1, streams));
    this.tier[at] = work.phase === null ? work.priority : BEGUN;
    this.age[at] = Math.floor(waited / AGE_STEP_MS);
    this.hours[at] = Math.floor(waited / PRIORITY_STEP_MS);
    this.share[at] = this.shareNumber(shareOf(work));
    let part = 0;
    for (let n = this.firstTake(at); n < this.#takes.length; n += 1)
      part = Math.max(part, partOf(this.take(n)));
    this.part[at] = part;
  }

  /**
   * Tiers, once all are added. What has begun comes before all else, for its source may be off. Else priority, to
   * which waiting adds; but never beyond the highest priority that waits: among equals age gives no share more than
   * its part.
   */
  rank(highest: number): void {
    for (let at = 0; at < this.count; at += 1) {
      const priority = this.tier[at] as number;
      if (priority === BEGUN) continue;
      this.tier[at] = Math.max(priority, Math.min(highest, priority + (this.hours[at] as number)));
    }
  }

  shareNumber(share: string): number {
    const known = this.#shares.get(share);
    if (known !== undefined) return known;
    this.#shares.set(share, this.#shares.size);
    return this.#shares.size - 1;
  }

  /** Its takes are those from the one that {@link firstTake} tells of it up to the next one's first. */
  firstTake(at: number): number {
    return this.#begin[at] ?? 0;
  }
  take(n: number): Take {
    return this.#takes[n] as Take;
  }
  takesOf(at: number): readonly Take[] {
    return this.#takes.slice(this.firstTake(at), this.firstTake(at + 1));
  }

  /** The first resource that has no room; null when all have. */
  lacking(at: number): Take | null {
    const end = this.firstTake(at + 1);
    for (let n = this.firstTake(at); n < end; n += 1) if (lacks(this.take(n))) return this.take(n);
    return null;
  }

  /** The one comes before the other whatever their shares and sizes are. */
  precedes(one: number, other: number): boolean {
    const [a, b] = [this.tier[one] as number, this.tier[other] as number];
    return a > b || (a === b && (this.age[one] as number) > (this.age[other] as number));
  }

  /** Tells how pressing each of these is among them. */
  press(places: Int32Array, slots: number, pressure: Float64Array): void {
    /** What waits for each resource, by its index; seconds. */
    const waiting: number[] = [];
    let total = 0;
    for (const at of places) {
      const seconds = this.seconds[at] as number;
      total += seconds;
      const end = this.firstTake(at + 1);
      for (let n = this.firstTake(at); n < end; n += 1) {
        const take = this.take(n);
        waiting[take.resource.index] = (waiting[take.resource.index] ?? 0) + seconds * partOf(take);
      }
    }
    // Slots are a resource too, which all take: what is scarcer than they are comes first, all else by its size.
    const least = slots > 0 ? total / slots : 0;
    for (const at of places) {
      let most = Math.max(least, this.seconds[at] as number);
      const end = this.firstTake(at + 1);
      for (let n = this.firstTake(at); n < end; n += 1)
        most = Math.max(most, PACKING * (waiting[this.take(n).resource.index] ?? 0));
      pressure[at] = most;
    }
  }

  /**
   * Of one tier and share: who waited an hour longer goes first; of the same age what stands at the narrowest place;
   * there, what is hardest to fit in; of equals, what runs longest; of those, who was added first.
   */
  inShare(places: Int32Array): Int32Array {
    const { hours, pressure, sharePressure, part, seconds } = this;
    return places.toSorted(
      (a, b) =>
        more(hours, b, a) ||
        more(pressure, b, a) ||
        more(sharePressure, b, a) ||
        more(part, b, a) ||
        more(seconds, b, a) ||
        a - b,
    );
  }
}

/** By how much the one is above the other. */
function more(column: Float64Array, one: number, other: number): number {
  return (column[one] as number) - (column[other] as number);
}
