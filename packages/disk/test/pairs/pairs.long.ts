import { afterAll, expect, test } from 'vitest';
import { withoutQemuNbd } from '../qemu.ts';
import { type Pair, PAIRS, type PairOutcome, QEMU_PAIRS, runPair } from './run-pair.ts';

/**
 * Thousands of cases. GUTS_PAIRS_CASES: of each pair; GUTS_PAIRS_SEED: a number, or `any`; GUTS_PAIRS_ONLY: of the
 * pairs whose names have that in them; GUTS_PAIRS_PATH: the one case that a failure told of; GUTS_PAIRS_SHRINK=1:
 * makes a failing case smaller.
 */
const {
  GUTS_PAIRS_CASES: cases = '40',
  GUTS_PAIRS_SEED: seed = '1',
  GUTS_PAIRS_ONLY: only = '',
} = process.env;
const CASES = Number(cases);
const SEED = seed === 'any' ? Math.floor(Math.random() * 2 ** 31) : Number(seed);
const wanted = (pairs: readonly Pair[]): Pair[] => pairs.filter(({ name }) => name.includes(only));
const WANTED = wanted(PAIRS);
const WITH_QEMU = wanted(QEMU_PAIRS);
/** Of a pair that needs qemu-nbd: each starts it several times. */
const QEMU_CASES = Math.ceil(CASES / 10);
const oneCase = process.env['GUTS_PAIRS_PATH'] !== undefined;

const outcomes = new Map<string, PairOutcome>();
const qemuOutcomes = new Map<string, PairOutcome>();
afterAll(() => {
  const sum = (of: (outcome: PairOutcome) => number): number =>
    [...outcomes.values(), ...qemuOutcomes.values()].reduce((total, outcome) => total + of(outcome), 0);
  process.stdout.write(
    `${sum((one) => one.cases)} cases of ${outcomes.size + qemuOutcomes.size} pairs, seed ${SEED}: ` +
      `${sum((one) => one.attempts)} attempts, ${sum((one) => one.resumed)} of them behind a checkpoint, ` +
      `${sum((one) => one.mended)} destinations damaged and mended\n`,
  );
});

test.each(WANTED)('$name, byte for byte, whatever goes wrong', async (pair) => {
  const outcome = await runPair(pair, CASES, SEED);
  outcomes.set(pair.name, outcome);
  expect(outcome.cases).toBe(oneCase ? 1 : CASES);
});

test.skipIf(withoutQemuNbd).each(WITH_QEMU)('$name, whatever goes wrong (needs qemu-nbd)', async (pair) => {
  const outcome = await runPair(pair, QEMU_CASES, SEED);
  qemuOutcomes.set(pair.name, outcome);
  expect(outcome.cases).toBe(oneCase ? 1 : QEMU_CASES);
});

test('every pair had its cases', () => {
  expect([...outcomes.keys()]).toEqual(WANTED.map(({ name }) => name));
  const all = [...outcomes.values()].reduce((sum, { cases: ran }) => sum + ran, 0);
  expect(all).toBe(WANTED.length * (oneCase ? 1 : CASES));
  expect(qemuOutcomes.size).toBe(withoutQemuNbd ? 0 : WITH_QEMU.length);
  if (oneCase || only !== '') return;
  expect(WANTED.length).toBe(11 * 7);
  // Otherwise nothing would be tried of what this is for.
  const named = (which: (outcome: PairOutcome, name: string) => boolean): string[] =>
    [...outcomes].filter(([name, outcome]) => which(outcome, name)).map(([name]) => name);
  expect(named(({ attempts, cases: ran }) => attempts <= ran)).toEqual([]);
  expect(named(({ resumed }, name) => resumed === 0 && !/ stream|image/.test(name))).toEqual([]);
});
