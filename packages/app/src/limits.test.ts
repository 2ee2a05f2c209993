import { DEFAULT_LIMITS } from '@guts/core';
import { expect, test } from 'vitest';
import { readLimits } from './limits.ts';

test('limits over their defaults', () => {
  expect(readLimits(undefined, 'file')).toEqual(DEFAULT_LIMITS);
  const given = { host_streams: 4, plan_migrations: 0, overrides: { 'host:s1:host-9': 1 } };
  expect(readLimits(given, 'file')).toEqual({
    ...DEFAULT_LIMITS,
    hostStreams: 4,
    planMigrations: 0,
    overrides: { 'host:s1:host-9': 1 },
  });
});

test('what is wrong is named', () => {
  expect(() => readLimits([1], 'file x')).toThrow("file x: 'limits' must be a map");
  expect(() => readLimits({ hosts: 1 }, 'file x')).toThrow("unknown limit 'hosts'");
  expect(() => readLimits({ host_streams: -1 }, 'file x')).toThrow(
    "'limits.host_streams' must be a whole number",
  );
  expect(() => readLimits({ overrides: { esx1: 1 } }, 'file x')).toThrow("'esx1' names no resource");
});
