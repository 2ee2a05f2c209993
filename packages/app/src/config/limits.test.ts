import { DEFAULT_LIMITS, type Limits } from '@guts/core';
import { expect, test } from 'vitest';
import { readLimits } from './limits.ts';

function read(given: unknown): { limits: Limits; faults: string[] } {
  const faults: string[] = [];
  const limits = readLimits(given, (path, message) => faults.push(`${path.join('.')}: ${message}`));
  return { limits, faults };
}

test('limits over their defaults', () => {
  expect(read(undefined)).toEqual({ limits: DEFAULT_LIMITS, faults: [] });
  const given = { host_streams: 4, plan_migrations: 0, overrides: { 'host:s1:host-9': 1 } };
  expect(read(given)).toEqual({
    limits: {
      ...DEFAULT_LIMITS,
      hostStreams: 4,
      planMigrations: 0,
      overrides: { 'host:s1:host-9': 1 },
    },
    faults: [],
  });
});

test('what is wrong is named, all of it', () => {
  expect(read([1]).faults).toEqual([": 'limits' must be a map"]);
  expect(read({ hosts: 1, host_streams: -1, overrides: { esx1: 1, 'plan:p': 'x' } }).faults).toEqual([
    expect.stringMatching(/^hosts: unknown limit 'hosts'/),
    "host_streams: 'limits.host_streams' must be a whole number; 0 is no limit",
    "overrides.esx1: 'esx1' names no resource",
    "overrides.plan:p: 'limits.overrides.plan:p' must be a whole number; 0 is no limit",
  ]);
});
