/**
 * Measures the scheduler: the time of one round, and how near it comes to the best makespan there can be, beside a
 * plain queue with the same limits. `npm run bench:scheduler [-- --migrations N --workers N --seed N --check]`; with
 * --check it ends with 1 when a number is missed.
 */
import { parseArgs } from 'node:util';
import { DEFAULT_LIMITS, type Limits } from '@guts/core';
import { MIXES, simulatedView, simulate } from '@guts/scheduler';
import { fifo } from './fifo.ts';
import { storedRounds } from './stored.ts';

const { values } = parseArgs({
  options: {
    migrations: { type: 'string', default: '10000' },
    workers: { type: 'string', default: '200' },
    slots: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '30' },
    mix: { type: 'string', multiple: true, default: [] },
    check: { type: 'boolean', default: false },
  },
});
const migrations = Number(values.migrations);
const workers = Number(values.workers);
const slots = Number(values.slots);
const seed = Number(values.seed);
const rounds = Number(values.rounds);
const limits: Limits = { ...DEFAULT_LIMITS, sourceStreams: 0 };
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const ROUND_MS = 50;
const RATIO = 1.05;
/** An hour is one step of age, and nobody waits another one. */
const OVERTAKEN_SECONDS = 2 * 3600;
const missed: string[] = [];

/** @param limit of the median; milliseconds; null: only shown */
function summary(times: readonly number[], what: string, limit: number | null): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? NaN;
  if (limit !== null && !(at(0.5) <= limit)) missed.push(`${what} took ${at(0.5).toFixed(1)} ms`);
  return `median ${at(0.5).toFixed(1)} ms, least ${at(0).toFixed(1)} ms, most ${at(1).toFixed(1)} ms`;
}

const mixes = MIXES.filter(({ name }) => values.mix.length === 0 || values.mix.includes(name));
const [first] = mixes;
if (!first) throw new Error(`no such mix; known: ${MIXES.map((one) => one.name).join(', ')}`);

print(`one round over ${migrations} queued and ${workers} workers of ${slots} slots, read from SQLite`);
const view = simulatedView({ mix: first, migrations, workers, slots, seed });
for (const [state, { decision, whole }] of Object.entries(await storedRounds(view, limits, rounds))) {
  print(
    `  all workers ${state}: to decide (under 50 ms) ${summary(decision, `a round (${state})`, ROUND_MS)}`,
  );
  print(
    `    with its reads${state === 'busy' ? ' and writes' : ''} ${summary(whole, 'a whole round', null)}`,
  );
}

print(`makespan over its bound, seed ${seed} (to be at most 1.05 where nothing is oversized)`);
for (const mix of mixes) {
  const options = { mix, migrations, workers, slots, seed, limits, roundSeconds: 2 };
  const ours = simulate(options);
  const plain = simulate({ ...options, decide: fifo });
  const held = !mix.oversized && mix.keepsComing !== true;
  if (held && ours.ratio > RATIO) missed.push(`${mix.name} took ${ours.ratio.toFixed(3)} of its bound`);
  if (ours.overtakenSeconds > OVERTAKEN_SECONDS)
    missed.push(`${mix.name}: one was overtaken by ${Math.round(ours.overtakenSeconds)} s`);
  const note = held ? '' : mix.oversized ? ' (has oversized work)' : ' (keeps coming)';
  const faster = (plain.makespanSeconds / ours.makespanSeconds).toFixed(2);
  print(
    `  ${mix.name.padEnd(14)} ${ours.ratio.toFixed(3)}, a plain queue ${plain.ratio.toFixed(3)}: ours ends ${faster} times as soon; overtaken by at most ${Math.round(ours.overtakenSeconds)} s, plain ${Math.round(plain.overtakenSeconds)} s${note}`,
  );
}
if (values.check && missed.length > 0) {
  print(`missed: ${missed.join('; ')}`);
  process.exitCode = 1;
}
