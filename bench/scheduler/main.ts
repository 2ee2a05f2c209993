/**
 * Measures the scheduler: the time of one round, and how near it comes to the best makespan there can be, beside a
 * plain queue with the same limits. `npm run bench:scheduler [-- --migrations N --workers N --seed N --check]`; with
 * --check it ends with 1 when a number is missed.
 */
import { parseArgs } from 'node:util';
import { decide, DEFAULT_LIMITS, type HeldWork, type Limits, type SchedulingView } from '@guts/core';
import { MIXES, simulatedView, simulate } from '@guts/scheduler';
import { fifo } from './fifo.ts';

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
const limits: Limits = { ...DEFAULT_LIMITS, sourceStreams: 0 };
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const ROUND_MS = 50;
const RATIO = 1.05;
/** An hour is one step of age, and nobody waits another one. */
const OVERTAKEN_SECONDS = 2 * 3600;
const missed: string[] = [];

function medianOfRounds(view: SchedulingView): string {
  const times = Array.from({ length: Number(values.rounds) }, () => {
    const began = performance.now();
    decide(view, limits);
    return performance.now() - began;
  }).toSorted((a, b) => a - b);
  const at = (share: number): string => (times[Math.floor((times.length - 1) * share)] ?? NaN).toFixed(1);
  if (Number(at(0.5)) > ROUND_MS) missed.push(`a round took ${at(0.5)} ms`);
  return `median ${at(0.5)} ms, least ${at(0)} ms, most ${at(1)} ms`;
}

const mixes = MIXES.filter(({ name }) => values.mix.length === 0 || values.mix.includes(name));
const [first] = mixes;
if (!first) throw new Error(`no such mix; known: ${MIXES.map((one) => one.name).join(', ')}`);

print(`one round over ${migrations} queued and ${workers} workers of ${slots} slots (to be under 50 ms)`);
const idle = simulatedView({ mix: first, migrations, workers, slots, seed });
print(`  all workers idle: ${medianOfRounds(idle)}`);
const byId = new Map(idle.waiting.map((work) => [work.id, work]));
const holding = decide(idle, limits).flatMap(({ id, workerId }): HeldWork[] => {
  const work = byId.get(id);
  return work && workerId !== null ? [{ ...work, workerId }] : [];
});
const held = new Set(holding.map((work) => work.id));
const waiting = idle.waiting.filter((work) => !held.has(work.id));
print(`  all workers busy: ${medianOfRounds({ ...idle, holding, waiting })}`);

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
