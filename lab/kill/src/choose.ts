import type { Strike } from './run.ts';

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

/**
 * Which strikes to run, in a shuffled order that a seed decides. Without a number: every point in every mode, each
 * in one of the scenarios that pass it. With one: so many, different points first.
 */
export function choose(all: readonly Strike[], runs: number | null, seed: number): readonly Strike[] {
  const next = random(seed);
  const shuffled = all
    .map((strike) => ({ strike, at: next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ strike }) => strike);
  const fresh = (key: (one: Strike) => string, from: readonly Strike[]): Strike[] => {
    const seen = new Set<string>();
    return from.filter((one) => !seen.has(key(one)) && seen.add(key(one)));
  };
  const everyMode = fresh(({ victim, point, mode }) => `${victim} ${point} ${mode}`, shuffled);
  if (runs === null) return everyMode;
  const everyPoint = fresh(({ victim, point }) => `${victim} ${point}`, everyMode);
  const rest = everyMode.filter((one) => !everyPoint.includes(one));
  const others = shuffled.filter((one) => !everyMode.includes(one));
  return [...everyPoint, ...rest, ...others].slice(0, runs);
}
