/**
 * A time beside what it should take at most, both in seconds. One that took longer is marked and no failure: a slow
 * machine is no bug.
 */
export function besideLimit(seconds: number, limit: number): string {
  return `${seconds.toFixed(1)} s of at most ${limit} s${seconds > limit ? ': OVER ITS LIMIT' : ''}`;
}
