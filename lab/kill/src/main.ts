/**
 * `npm run test:kill`: every migration ends well whatever dies. Points are found by running each scenario once with
 * victims that tell what they pass; then each point is struck in each mode, one run each.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { choose, type Job, placeOf, strikeOf } from './choose.ts';
import { again, keepEvidence, type Marks, markLogs } from './evidence.ts';
import { Lanes } from './lanes.ts';
import type { Lane } from './lane.ts';
import { type Options, readOptions } from './options.ts';
import { run, trace } from './run.ts';
import { serversFrom } from './servers.ts';
import { nameOf, type Outcome, type Passing } from './strike.ts';
import { summarise } from './summary.ts';
import { withoutCallsOf } from './traced.ts';

const began = performance.now();
const say = (text: string): void =>
  console.log(`[${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s] ${text}`);

/** How often a scenario is run until it ends as it should with nothing done twice. */
const TRACES = 3;

/** @param striking is told of the runs that ended wrong */
async function enumerate(lanes: Lanes, options: Options, striking: Striking): Promise<readonly Passing[]> {
  const { victims, scenarios } = options;
  const traced: Passing[] = [];
  const byRequests = new Set<string>();
  const anywhere = (): null => null;
  const pieces = scenarios.map((scenario) => ({ scenario, nth: 1 }));
  await lanes.work(pieces, anywhere, async (lane, piece) => {
    const { scenario, nth } = piece;
    const marks = await markLogs(lane.stack.folder);
    const { told, disturbed, outcome } = await trace(lane, victims, scenario);
    const wrong = wrongsOf(outcome).length > 0;
    if (wrong) await striking.ended(lane, outcome, marks);
    if (disturbed && nth < TRACES) {
      if (!wrong) say(`${scenario.name}: something was done twice; traced anew`);
      return { more: { ...piece, nth: nth + 1 }, disorder: wrong };
    }
    if (wrong) return { disorder: true };
    for (const { victim, points, byRequests: calls } of told) {
      traced.push(...points.map((point) => ({ victim, scenario, point })));
      for (const call of calls) byRequests.add(call);
    }
    say(
      `${scenario.name}: ${told.map(({ victim, points }) => `${points.length} of ${victim}`).join(', ')} points`,
    );
    return { disorder: false };
  });
  // In an order that does not depend on which lane was quick.
  const at = ({ victim, scenario }: Passing): number =>
    victims.indexOf(victim) * scenarios.length + scenarios.indexOf(scenario);
  const { only } = options;
  return withoutCallsOf(traced, byRequests)
    .toSorted((a, b) => at(a) - at(b) || (a.point < b.point ? -1 : 1))
    .filter(({ point }) => only === null || (only.exact ? point === only.text : point.includes(only.text)));
}

function wrongsOf({ wrongs }: Outcome): readonly string[] {
  return [...wrongs.ends, ...wrongs.leaks, ...wrongs.corrupt];
}

/** Strikes one job; a point that was not passed is tried in the next scenario that has it. */
class Striking {
  readonly outcomes: Outcome[] = [];
  readonly #evidence: string;
  /** Of strikes. */
  total = 0;

  constructor(evidence: string) {
    this.#evidence = evidence;
  }

  /** Tells of a run. @param before how long the logs were when it began */
  async ended(lane: Lane, outcome: Outcome, before: Marks): Promise<void> {
    this.outcomes.push(outcome);
    const wrong = wrongsOf(outcome);
    const result = wrong.length > 0 ? `WRONG: ${wrong.join('; ')}` : outcome.hit ? 'ok' : 'not passed';
    const { takeOverSeconds, seconds, second } = outcome;
    const over = takeOverSeconds === null ? '' : `, taken over after ${takeOverSeconds.toFixed(1)} s`;
    const then = second === null ? '' : `, then at ${second}`;
    const count = `${this.outcomes.length}/${this.total}`;
    say(`${count} ${result}: ${nameOf(outcome)} (${seconds.toFixed(1)} s${then}${over})`);
    if (wrong.length === 0) return;
    say(`  evidence: ${await keepEvidence(this.#evidence, lane, outcome, before)}`);
    say(`  again: ${again(outcome)}`);
  }

  async strike(
    lane: Lane,
    { job, nth }: { job: Job; nth: number },
  ): Promise<{ more?: { job: Job; nth: number }; disorder: boolean }> {
    const strike = strikeOf(job, nth);
    if (!strike) return { disorder: false };
    const marks = await markLogs(lane.stack.folder);
    const outcome = await run(lane, strike);
    await this.ended(lane, outcome, marks);
    if (wrongsOf(outcome).length > 0) return { disorder: true };
    if (outcome.hit || nth + 1 >= job.scenarios.length) return { disorder: false };
    this.total += 1;
    return { more: { job, nth: nth + 1 }, disorder: false };
  }
}

async function main(options: Options, lanes: Lanes, folder: string): Promise<void> {
  const striking = new Striking(join(folder, 'evidence'));
  const all = await enumerate(lanes, options, striking);
  if (options.list) {
    for (const place of new Set(all.map(placeOf))) console.log(place);
    return;
  }
  const chosen = choose(all, options);
  const jobs = Array.from({ length: options.repeat }, () => chosen).flat();
  say(`${new Set(all.map(placeOf)).size} points; ${jobs.length} strikes`);
  striking.total = striking.outcomes.length + jobs.length;
  await lanes.work(
    jobs.map((job) => ({ job, nth: 0 })),
    ({ job }) => job.backend,
    (lane, piece) => striking.strike(lane, piece),
  );
  const { lines, last, good } = summarise(all, jobs, striking.outcomes);
  if (!good) process.exitCode = 1;
  for (const line of lines) say(line);
  if (!options.backends.includes('servers'))
    say('on SQLite and the in-process bus only: database and broker were not taken away');
  say(`${((performance.now() - began) / 60000).toFixed(1)} minutes`);
  console.log(last);
}

/** Only evidence stays, unless all is to be kept. */
async function tidy(folder: string, keep: boolean): Promise<void> {
  const kept: readonly string[] = await readdir(folder).catch(() => []);
  if (keep) return;
  for (const name of kept)
    if (name !== 'evidence') await rm(join(folder, name), { recursive: true, force: true });
  if (kept.includes('evidence'))
    console.error(`evidence of runs that ended wrong is kept in ${folder}/evidence`);
  else await rm(folder, { recursive: true, force: true });
}

async function start(): Promise<void> {
  const servers = serversFrom(process.env);
  const options = readOptions(process.argv.slice(2), servers !== null);
  if (!options) return;
  const folder = await mkdtemp(join(tmpdir(), 'guts-kill-'));
  const lanes = new Lanes(folder, servers);
  let interrupted = false;
  const interrupt = (signal: NodeJS.Signals): void => {
    if (interrupted) return;
    interrupted = true;
    say(`${signal}: stopping everything`);
    void lanes
      .close()
      .then(() => tidy(folder, options.keep))
      .finally(() => process.exit(130));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  try {
    const { embedded, servers: far } = await lanes.open(options.lanes, options.lanesTold);
    const { embedded: most, servers: mostFar } = options.lanes;
    const fewer = embedded + far < most + mostFar ? ' (fewer, for this machine is slow)' : '';
    say(
      `up in ${folder}: ${embedded} lanes on SQLite, ${far} on ${servers?.database.protocol ?? ''}//${fewer}`,
    );
    await main(options, lanes, folder);
  } finally {
    if (!interrupted) {
      await lanes.close();
      await tidy(folder, options.keep);
    }
  }
}

try {
  await start();
} catch (error) {
  console.error(error instanceof Error ? (error.stack ?? error.message) : error);
  process.exit(1);
}
