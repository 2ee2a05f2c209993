import { type Job, placeOf } from './choose.ts';
import { LEASE_SECONDS } from './lane.ts';
import { canStrike, isDeadly, type Mode, MODES, type Outcome, type Passing } from './strike.ts';

/** How long others may take to have a dead worker's migration. */
const LIMIT_SECONDS = 2 * LEASE_SECONDS;

export interface Summary {
  /** What to know beside the last line. */
  readonly lines: readonly string[];
  readonly last: string;
  readonly good: boolean;
}

/** What to say of all runs. @param all every point there is; @param jobs what was to be struck */
export function summarise(
  all: readonly Passing[],
  jobs: readonly Job[],
  outcomes: readonly Outcome[],
): Summary {
  const struck = (mode: Mode): Set<string> =>
    new Set(outcomes.filter((one) => one.hit && one.mode === mode).map(placeOf));
  const lines: string[] = [];
  let missed = 0;
  for (const mode of MODES) {
    const wanted = jobs.filter((job) => job.mode === mode);
    const hits = struck(mode);
    const never = wanted.filter((job) => !hits.has(placeOf(job)));
    missed += never.length;
    for (const job of never) lines.push(`never passed: ${mode} ${placeOf(job)}`);
    if (wanted.length === 0) continue;
    const able = new Set(all.filter((one) => canStrike(mode, one)).map(placeOf));
    const done = `${wanted.length - never.length} of ${wanted.length} strikes`;
    lines.push(`${mode}: ${done}, ${hits.size} of the ${able.size} points that there are for it`);
    if (mode === 'again') lines.push(secondDeaths(outcomes));
  }
  let late = 0;
  for (const mode of MODES) {
    const overs = outcomes.flatMap((one) =>
      one.mode === mode && one.takeOverSeconds !== null ? [one.takeOverSeconds] : [],
    );
    if (overs.length === 0) continue;
    // Only the dead do not hold anything up: who sleeps holds SQLite's lock, who is cut off may renew a lease late.
    const tooLate = isDeadly(mode) ? overs.filter((one) => one > LIMIT_SECONDS).length : 0;
    late += tooLate;
    const limit = isDeadly(mode) ? `, ${tooLate} later than two lease times (${LIMIT_SECONDS} s)` : '';
    lines.push(
      `take-over after ${mode}: at most ${Math.max(...overs).toFixed(1)} s, of ${overs.length}${limit}`,
    );
  }
  const wrong = (kind: keyof Outcome['wrongs']): number =>
    outcomes.filter((one) => one.wrongs[kind].length > 0).length;
  const [ends, leaks, corrupt] = [wrong('ends'), wrong('leaks'), wrong('corrupt')];
  const points = new Set(all.map(placeOf));
  const hit = new Set(outcomes.filter((one) => one.hit && one.mode !== 'none').map(placeOf));
  const last = `${outcomes.length} runs: ${ends} wrong ends, ${leaks} leaked artifacts, ${corrupt} corrupt disks, ${hit.size} of ${points.size} points`;
  return { lines, last, good: ends + leaks + corrupt + missed + late === 0 && outcomes.length > 0 };
}

/** How many of those that took over died in it. */
function secondDeaths(outcomes: readonly Outcome[]): string {
  const struck = outcomes.filter((one) => one.hit && one.mode === 'again');
  const deaths = struck.flatMap(({ second }) => (second === null ? [] : [second]));
  const points = new Set(deaths).size;
  return `of ${struck.length} that took over, ${deaths.length} were killed too, at ${points} points; the others were done before`;
}
