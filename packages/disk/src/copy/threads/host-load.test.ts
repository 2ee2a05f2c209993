import { expect, test } from 'vitest';
import { HostLoad } from './host-load.ts';

test('processors are as busy as their times say, looked at now and then', () => {
  let now = 0;
  const times = { user: 5000, nice: 0, sys: 700, irq: 10, idle: 90_000 };
  const other = { ...times };
  const load = new HostLoad(
    () => [{ times }, { times: other }],
    () => now,
  );
  expect(load.busy()).toBe(1);
  now = 99;
  expect(load.busy()).toBe(1);
  now = 200;
  times.user += 60;
  times.sys += 20;
  times.irq += 10;
  other.nice += 10;
  other.idle += 190;
  expect(load.busy()).toBe(0.25);
  now = 250;
  times.user += 50;
  expect(load.busy()).toBe(0.25);
  now = 400;
  times.user += 1000;
  expect(load.busy()).toBe(1);
  now = 600;
  expect(load.busy()).toBe(0);
  // Nobody asked for an hour: what was in it says nothing of now.
  now = 3_600_600;
  expect(load.busy()).toBe(1);
  now = 3_600_700;
  times.user += 50;
  expect(load.busy()).toBe(0.25);
});
