import { expect, test } from 'vitest';
import { choose, placeOf, strikeOf, type Wishes } from './choose.ts';
import { SCENARIOS } from './scenario.ts';
import { MODES, outageOf, type Passing, secondDeathOf, VICTIMS } from './strike.ts';

const POINTS = ['before', 'after', 'within'].flatMap((when) =>
  Array.from({ length: 9 }, (_none, n) => `store.call${n}:${when}`),
);
const passings: readonly Passing[] = VICTIMS.flatMap((victim) =>
  SCENARIOS.flatMap((scenario) =>
    POINTS.map((point) => ({ victim, scenario, point: point.replace(':', `${victim}:`) })),
  ),
);
const both: Wishes = { backends: ['embedded', 'servers'], modes: MODES, runs: null, seed: 1 };

test('without a number every point of every victim is struck in every mode that can be done there', () => {
  const jobs = choose(passings, both);
  for (const place of new Set(passings.map(placeOf))) {
    const modes = jobs.filter((job) => placeOf(job) === place).map(({ mode }) => mode);
    const able = MODES.filter((mode) => mode !== 'again' || place.startsWith('worker '));
    const deadly = able.filter((mode) => mode === 'kill' || mode === 'again');
    expect(modes.toSorted()).toEqual((place.endsWith(':within') ? deadly : able).toSorted());
  }
  expect(
    jobs.every(({ mode, backend }) => backend === 'servers' || !['database', 'broker'].includes(mode)),
  ).toBe(true);
  expect(jobs.some(({ mode, backend }) => backend === 'servers' && mode === 'stop')).toBe(true);
});

test('without servers nothing is asked of them', () => {
  const jobs = choose(passings, { ...both, backends: ['embedded'] });
  expect(new Set(jobs.map(({ mode }) => mode))).toEqual(new Set(['kill', 'again', 'stop']));
});

test('a fixed number is the same for the same seed, meets as many points, every mode and every victim', () => {
  const jobs = choose(passings, { ...both, runs: 40 });
  expect(jobs).toEqual(choose(passings, { ...both, runs: 40 }));
  expect(jobs).not.toEqual(choose(passings, { ...both, runs: 40, seed: 2 }));
  expect(jobs).toHaveLength(40);
  expect(new Set(jobs.map(placeOf)).size).toBe(40);
  for (const victim of VICTIMS)
    for (const mode of MODES.filter((one) => one !== 'again' || victim === 'worker'))
      expect(
        jobs.some((job) => job.victim === victim && job.mode === mode),
        `${victim} ${mode}`,
      ).toBe(true);
});

test('a job can be tried in every scenario that passes its point', () => {
  const [job] = choose(passings, both);
  if (!job) throw new Error('there is no job');
  const tried = SCENARIOS.map((_one, nth) => strikeOf(job, nth)?.scenario);
  expect(new Set(tried)).toEqual(new Set(SCENARIOS));
  expect(strikeOf(job, SCENARIOS.length)).toBeUndefined();
});

test('servers are lost in several ways, the same way for the same strike', () => {
  const outages = choose(passings, both).flatMap((job) => {
    const strike = strikeOf(job, 0);
    return strike && (job.mode === 'database' || job.mode === 'broker') ? [outageOf(strike)] : [];
  });
  expect(new Set(outages).size).toBe(3);
});

test('the second dies early and late, at the same point for the same strike', () => {
  const deaths = choose(passings, both).flatMap((job) => {
    const strike = strikeOf(job, 0);
    return strike && job.mode === 'again' ? [secondDeathOf(strike)] : [];
  });
  expect(new Set(deaths).size).toBeGreaterThan(8);
  expect(deaths.every((nth) => nth >= 1 && nth <= 16)).toBe(true);
});
