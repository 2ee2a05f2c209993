import { type Job, placeOf } from './choose.ts';
import { type Mode, MODES, type Outcome, type Passing } from './strike.ts';

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
    if (wanted.length > 0) lines.push(`${mode}: ${wanted.length - never.length} of ${wanted.length} struck`);
  }
  const overs = outcomes.flatMap((one) => (one.takeOverSeconds === null ? [] : [one.takeOverSeconds]));
  if (overs.length > 0)
    lines.push(
      `take-over of a lost worker's migration: at most ${Math.max(...overs).toFixed(1)} s, of ${overs.length}`,
    );
  const wrong = (kind: keyof Outcome['wrongs']): number =>
    outcomes.filter((one) => one.wrongs[kind].length > 0).length;
  const [ends, leaks, corrupt] = [wrong('ends'), wrong('leaks'), wrong('corrupt')];
  const points = new Set(all.map(placeOf));
  const hit = new Set(outcomes.filter((one) => one.hit && one.mode !== 'none').map(placeOf));
  const last = `${outcomes.length} runs: ${ends} wrong ends, ${leaks} leaked artifacts, ${corrupt} corrupt disks, ${hit.size} of ${points.size} points`;
  return { lines, last, good: ends + leaks + corrupt + missed === 0 && outcomes.length > 0 };
}
