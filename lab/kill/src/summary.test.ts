import { expect, test } from 'vitest';
import type { Job } from './choose.ts';
import { SCENARIOS } from './scenario.ts';
import type { Mode, Outcome, Passing } from './strike.ts';
import { summarise } from './summary.ts';

const [scenario] = SCENARIOS;
if (!scenario) throw new Error('there is no scenario');
const passing = (point: string): Passing => ({ victim: 'worker', scenario, point });
const job = (point: string, mode: Mode): Job => ({
  victim: 'worker',
  point,
  mode,
  backend: 'servers',
  scenarios: [scenario],
});
const outcome = (point: string, mode: Mode, more: Partial<Outcome> = {}): Outcome => ({
  ...passing(point),
  mode,
  backend: 'servers',
  id: 'm',
  hit: true,
  wrongs: { ends: [], leaks: [], corrupt: [] },
  takeOverSeconds: null,
  second: null,
  seconds: 1,
  ...more,
});
const all = [passing('a:before'), passing('a:after')];

test('the last line counts runs by what was wrong with them, and points once whatever the mode', () => {
  const { last, good } = summarise(
    all,
    [job('a:before', 'kill'), job('a:before', 'broker')],
    [
      outcome('a:before', 'kill'),
      outcome('a:before', 'broker', { wrongs: { ends: ['one', 'two'], leaks: ['three'], corrupt: [] } }),
    ],
  );
  expect(last).toBe('2 runs: 1 wrong ends, 1 leaked artifacts, 0 corrupt disks, 1 of 2 points');
  expect(good).toBe(false);
});

test('all is well when everything chosen was struck and nothing is wrong', () => {
  const { last, good } = summarise(all, [job('a:after', 'stop')], [outcome('a:after', 'stop')]);
  expect(last).toBe('1 runs: 0 wrong ends, 0 leaked artifacts, 0 corrupt disks, 1 of 2 points');
  expect(good).toBe(true);
});

test('a strike that never met its point is told, and is not well', () => {
  const missed = outcome('a:after', 'stop', { hit: false });
  const { lines, good } = summarise(all, [job('a:after', 'stop')], [missed]);
  expect(lines).toContain('never passed: stop worker a:after');
  expect(good).toBe(false);
});

test('an undisturbed run that ends wrong counts as wrong, but strikes nothing', () => {
  const wrongs = { ends: ['it hangs'], leaks: [], corrupt: [] };
  const { last, good } = summarise(
    all,
    [job('a:after', 'stop')],
    [outcome('', 'none', { wrongs }), outcome('a:after', 'stop')],
  );
  expect(last).toBe('2 runs: 1 wrong ends, 0 leaked artifacts, 0 corrupt disks, 1 of 2 points');
  expect(good).toBe(false);
});

test('who is dead and not succeeded within two lease times makes it bad; who only slept does not', () => {
  const jobs = [job('a:before', 'kill'), job('a:after', 'stop')];
  const slept = outcome('a:after', 'stop', { takeOverSeconds: 20 });
  const soon = summarise(all, jobs, [outcome('a:before', 'kill', { takeOverSeconds: 5 }), slept]);
  expect(soon.good).toBe(true);
  expect(soon.lines).toContain(
    'take-over after kill: at most 5.0 s, of 1, 0 later than two lease times (10 s)',
  );
  const late = summarise(all, jobs, [outcome('a:before', 'kill', { takeOverSeconds: 10.1 }), slept]);
  expect(late.good).toBe(false);
});

test('each mode tells how many of its points were struck, and where those died that took over', () => {
  const known = [...all, passing('a:within'), { ...passing('a:before'), victim: 'api' as const }];
  const jobs = [
    job('a:before', 'kill'),
    job('a:after', 'stop'),
    job('a:before', 'again'),
    job('a:after', 'again'),
  ];
  const { lines, last, good } = summarise(known, jobs, [
    outcome('a:before', 'kill'),
    outcome('a:after', 'stop'),
    outcome('a:before', 'again', { second: 'b:before', takeOverSeconds: 6 }),
    outcome('a:after', 'again'),
  ]);
  expect(lines).toEqual([
    'kill: 1 of 1 strikes, 1 of the 4 points that there are for it',
    'again: 2 of 2 strikes, 2 of the 3 points that there are for it',
    'of 2 that took over, 1 were killed too, at 1 points; the others were done before',
    'stop: 1 of 1 strikes, 1 of the 3 points that there are for it',
    'take-over after again: at most 6.0 s, of 1, 0 later than two lease times (10 s)',
  ]);
  expect(last).toBe('4 runs: 0 wrong ends, 0 leaked artifacts, 0 corrupt disks, 2 of 4 points');
  expect(good).toBe(true);
});
