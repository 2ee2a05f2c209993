import type { Backend } from './lane.ts';
import type { Scenario } from './scenario.ts';
import { canStrike, hash, type Mode, type Passing, type Strike, type Victim } from './strike.ts';

/** A point to strike in a mode, and the scenarios in which it may be met, in the order in which to try them. */
export interface Job {
  readonly victim: Victim;
  readonly point: string;
  readonly mode: Mode;
  readonly backend: Backend;
  readonly scenarios: readonly Scenario[];
}

export interface Wishes {
  readonly backends: readonly Backend[];
  readonly modes: readonly Mode[];
  /** Null: every point in every mode. */
  readonly runs: number | null;
  readonly seed: number;
}

/** How often each victim is looked for when there are fewer runs than strikes; workers pass most of the points. */
const TURNS: readonly Victim[] = ['worker', 'scheduler', 'worker', 'api', 'worker'];

/** mulberry32: the same seed gives the same runs. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffled<T>(all: readonly T[], next: () => number): readonly T[] {
  return all
    .map((one) => ({ one, at: next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ one }) => one);
}

/** Names a point of a victim. */
export function placeOf({ victim, point }: Pick<Passing, 'victim' | 'point'>): string {
  return `${victim} ${point}`;
}

/** Null: it cannot be done. */
function backendOf(mode: Mode, place: string, backends: readonly Backend[]): Backend | null {
  if (mode === 'database' || mode === 'broker') return backends.includes('servers') ? 'servers' : null;
  const index = (hash(place) + (mode === 'kill' ? 0 : 1)) % backends.length;
  return backends[index] ?? null;
}

/** Every point in every mode that can be done there. */
function everything(all: readonly Passing[], { backends, modes }: Wishes, next: () => number): Job[] {
  const places = grouped(all);
  const jobs: Job[] = [];
  for (const [place, passings] of places) {
    const [first] = passings;
    if (!first) continue;
    for (const mode of modes) {
      if (!canStrike(mode, first)) continue;
      const backend = backendOf(mode, place, backends);
      if (backend === null) continue;
      const scenarios = shuffled(
        passings.map(({ scenario }) => scenario),
        next,
      );
      jobs.push({ victim: first.victim, point: first.point, mode, backend, scenarios });
    }
  }
  return jobs;
}

function grouped(all: readonly Passing[]): Map<string, Passing[]> {
  const places = new Map<string, Passing[]>();
  for (const one of all) {
    const place = placeOf(one);
    places.set(place, [...(places.get(place) ?? []), one]);
  }
  return places;
}

/**
 * What to strike, in an order that the seed decides. Without a number: every point in every mode. With one: so many,
 * victims and modes in turn, a point again only when there is no other.
 */
export function choose(all: readonly Passing[], wishes: Wishes): readonly Job[] {
  const next = random(wishes.seed);
  const jobs = shuffled(everything(all, wishes, next), next);
  if (wishes.runs === null) return jobs;
  const left = new Set(jobs);
  const met = new Set<string>();
  const chosen: Job[] = [];
  const modes = wishes.modes.filter((mode) => jobs.some((job) => job.mode === mode));
  for (let turn = 0; chosen.length < wishes.runs && left.size > 0; turn += 1) {
    const victim = TURNS[turn % TURNS.length];
    // A round of victims begins one mode later than the one before, so that each of them meets each mode.
    const round = Math.floor(turn / TURNS.length);
    const mode = modes[((turn % TURNS.length) + round) % modes.length];
    const candidates = [...left];
    const job =
      candidates.find((one) => one.victim === victim && one.mode === mode && !met.has(placeOf(one))) ??
      candidates.find((one) => one.mode === mode && !met.has(placeOf(one))) ??
      candidates.find((one) => !met.has(placeOf(one))) ??
      candidates[0];
    if (!job) break;
    left.delete(job);
    met.add(placeOf(job));
    chosen.push(job);
  }
  return chosen;
}

/** A job's strike in the nth of its scenarios; undefined when there are no more. */
export function strikeOf(job: Job, nth: number): Strike | undefined {
  const scenario = job.scenarios[nth];
  const { victim, point, mode, backend } = job;
  return scenario && { victim, point, mode, backend, scenario };
}
