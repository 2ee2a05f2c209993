import { DEFAULT_LIMITS, type Decision } from '@guts/core';
import { expect, test } from 'vitest';
import type { Job } from './mixes.ts';
import { Overtaken } from './overtaken.ts';

const job = (id: string, arrives: number, more: Partial<Job> = {}): Job => ({
  id,
  planId: null,
  priority: 0,
  demand: { host: 'h1', datastores: ['ds1'], streams: 1, bytes: 1, scratchBytes: 0 },
  seconds: 1,
  arrives,
  ...more,
});
const decision = (id: string, workerId: string | null, resource: string | null = null): Decision => ({
  id,
  workerId,
  reason: 'because',
  trace: {
    filters: [],
    weights: [],
    limit: resource === null ? null : { resource, used: 1, wanted: 1, limit: 1 },
  },
});

function seconds(jobs: readonly Job[], decisions: readonly Decision[]): number {
  const overtaken = new Overtaken(DEFAULT_LIMITS);
  overtaken.look(decisions, new Map(jobs.map((one) => [one.id, one])));
  return overtaken.seconds;
}

const old = job('old', 100);

test('a later one that gets what an older one waits for has overtaken it', () => {
  const waits = decision('old', null, 'host:vcenter:h1');
  expect(seconds([old, job('new', 160)], [waits, decision('new', 'w')])).toBe(60);
});

test('nobody is overtaken by what came before, comes first or goes elsewhere', () => {
  const waits = decision('old', null, 'host:vcenter:h1');
  const elsewhere = { demand: { ...old.demand, host: 'h2' } };
  for (const other of [job('x', 90), job('x', 160, { priority: 1 }), job('x', 160, elsewhere)])
    expect(seconds([old, other], [waits, decision('x', 'w')])).toBe(0);
});

test('who waits for a slot is overtaken by those of its own plan alone', () => {
  const waits = decision('old', null);
  expect(seconds([old, job('x', 160)], [waits, decision('x', 'w')])).toBe(60);
  expect(seconds([old, job('x', 160, { planId: 'p' })], [waits, decision('x', 'w')])).toBe(0);
});
