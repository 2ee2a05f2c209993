/**
 * `npm run fuzz:api -- [--calls N] [--seed N] [--database URL]`: calls guts-api in every way that its own document
 * has and has not, and tells what it should not have answered. Without a database: SQLite in memory; another one must
 * be empty. The same seed makes the same calls in the same order. Exits with 1 when anything is wrong.
 */
import { parseArgs } from 'node:util';
import { fuzz, type Outcome } from './run.ts';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    database: { type: 'string', default: 'sqlite::memory:' },
  },
});
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

function table({ counts }: Outcome): void {
  const classes = [...new Set([...counts.values()].flatMap((own) => [...own.keys()]))].toSorted();
  say(`${'call'.padEnd(28)}${classes.map((one) => one.padStart(8)).join('')}`);
  for (const [name, own] of [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    say(`${name.padEnd(28)}${classes.map((one) => String(own.get(one) ?? '').padStart(8)).join('')}`);
}

const whole = (name: 'calls' | 'seed'): number => {
  if (/^\d{1,9}$/.test(values[name])) return Number(values[name]);
  throw new RangeError(`--${name} takes a whole number, not "${values[name]}"`);
};
const seed = whole('seed');
const began = performance.now();
const outcome = await fuzz({
  calls: whole('calls'),
  seed,
  database: values.database,
  progress: (done, faults) => say(`${done} calls, ${faults} faults`),
});
table(outcome);
for (const { index, name, status, what, request, answer } of outcome.faults) {
  say(`\nseed ${seed}, index ${index}: ${name}, answered with ${status ?? 'nothing'}`);
  for (const one of what) say(`  ${one}`);
  say(`  ${request}`);
  say(`  ${answer}`);
}
if (outcome.neverServed.length > 0) say(`\nnever answered as asked: ${outcome.neverServed.join(', ')}`);
say(
  `\n${values.calls} calls with seed ${seed}, ${outcome.faults.length} faults, ${Math.round((performance.now() - began) / 1000)} s`,
);
if (outcome.faults.length > 0) process.exitCode = 1;
