/**
 * `npm run test:kill`: every migration ends well whatever dies. Points are found by running each scenario once with
 * a victim that tells what it passes; then each point is struck in each mode, one run each.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Lane } from './lane.ts';
import { choose } from './choose.ts';
import { type Mode, type Outcome, run, type Strike, trace, type Victim } from './run.ts';
import { SCENARIOS } from './scenario.ts';

const { values } = parseArgs({
  options: {
    /** Runs at most; all points in all modes unless told. */
    runs: { type: 'string' },
    lanes: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    /** Only points that contain this. */
    only: { type: 'string' },
    scenario: { type: 'string' },
    victims: { type: 'string', default: 'worker,scheduler,api' },
    modes: { type: 'string', default: 'kill,stop' },
    keep: { type: 'boolean', default: false },
  },
});

const began = performance.now();
const say = (text: string): void =>
  console.log(`[${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s] ${text}`);

/** Work for several lanes: each takes the next piece when it is free. */
async function inLanes<T, R>(
  lanes: readonly Lane[],
  pieces: readonly T[],
  work: (lane: Lane, piece: T) => Promise<R>,
): Promise<R[]> {
  const queue = [...pieces.entries()];
  const results: R[] = [];
  await Promise.all(
    lanes.map(async (lane) => {
      for (let next = queue.shift(); next; next = queue.shift()) results[next[0]] = await work(lane, next[1]);
    }),
  );
  return results;
}

async function enumerate(lanes: readonly Lane[]): Promise<Strike[]> {
  const victims = values.victims.split(',') as Victim[];
  const modes = values.modes.split(',') as Mode[];
  const scenarios = SCENARIOS.filter((one) => values.scenario === undefined || one.name === values.scenario);
  const pieces = victims.flatMap((victim) => scenarios.map((scenario) => ({ victim, scenario })));
  const traced = await inLanes(lanes, pieces, async (lane, piece) => {
    const points = await trace(lane, piece.victim, piece.scenario);
    say(`${piece.victim}, ${piece.scenario.name}: ${points.length} points`);
    return points.map((point) => ({ ...piece, point }));
  });
  return (
    traced
      .flat()
      .filter(({ point }) => values.only === undefined || point.includes(values.only))
      .flatMap((one) => modes.map((mode) => ({ ...one, mode })))
      // Within a transaction nothing can be awaited: only a death hits exactly there.
      .filter(({ point, mode }) => mode === 'kill' || !point.endsWith(':within'))
  );
}

function tell(outcome: Outcome): void {
  const { victim, scenario, point, mode, hit, wrongs, takeOverSeconds, seconds } = outcome;
  const wrong = [...wrongs.ends, ...wrongs.leaks, ...wrongs.corrupt];
  const result = wrong.length > 0 ? `WRONG: ${wrong.join('; ')}` : hit ? 'ok' : 'not passed';
  const over = takeOverSeconds === null ? '' : `, taken over after ${takeOverSeconds.toFixed(1)} s`;
  say(`${result}: ${mode} ${victim} at ${point} (${scenario.name}${over}, ${seconds.toFixed(1)} s)`);
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'guts-kill-'));
  const lanes: Lane[] = [];
  try {
    for (let n = 0; n < Number(values.lanes); n += 1)
      lanes.push(await Lane.open(join(folder, `lane-${n}`), {}));
    say(`${lanes.length} lanes are up in ${folder}`);
    const all = await enumerate(lanes);
    const points = new Set(all.map(({ victim, point }) => `${victim} ${point}`));
    const chosen = choose(all, values.runs === undefined ? null : Number(values.runs), Number(values.seed));
    say(`${points.size} points, ${all.length} strikes, ${chosen.length} of them now`);
    const outcomes = await inLanes(lanes, chosen, async (lane, strike) => {
      const outcome = await run(lane, strike, {});
      tell(outcome);
      return outcome;
    });
    summarise(outcomes, chosen);
  } finally {
    for (const lane of lanes) await lane.stack.close();
    if (values.keep || process.exitCode === 1) say(`logs are kept in ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  }
}

function summarise(outcomes: readonly Outcome[], chosen: readonly Strike[]): void {
  const count = (kind: keyof Outcome['wrongs']): number =>
    outcomes.filter((one) => one.wrongs[kind].length > 0).length;
  const wanted = new Set(chosen.map(({ victim, point }) => `${victim} ${point}`));
  const reached = new Set(outcomes.filter((one) => one.hit).map(({ victim, point }) => `${victim} ${point}`));
  const overs = outcomes.flatMap((one) => (one.takeOverSeconds === null ? [] : [one.takeOverSeconds]));
  for (const point of wanted) if (!reached.has(point)) say(`never passed: ${point}`);
  if (overs.length > 0)
    say(
      `take-over of a dead worker's migration: at most ${Math.max(...overs).toFixed(1)} s, of ${overs.length}`,
    );
  const [ends, leaked, corrupt] = [count('ends'), count('leaks'), count('corrupt')];
  const bad = ends + leaked + corrupt > 0 || reached.size < wanted.size;
  if (bad) process.exitCode = 1;
  console.log(
    `${outcomes.length} runs: ${ends} wrong ends, ${leaked} leaked artifacts, ${corrupt} corrupt disks, ${reached.size} of ${wanted.size} points`,
  );
}

await main();
