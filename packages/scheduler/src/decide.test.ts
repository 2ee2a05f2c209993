import type { Migration, Service } from '@guts/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide } from './decide.ts';

const service = (id: string, change: Partial<Service> = {}): Service => ({
  id,
  binary: 'guts-migration',
  host: 'h',
  version: '0',
  disabled: false,
  disabledReason: null,
  alive: true,
  heartbeatAt: '',
  startedAt: '',
  slots: 2,
  drivers: [],
  ...change,
});
const migration = (id: string, workerId: string | null = null): Migration => ({ id, workerId }) as Migration;

test('says why when nobody can', () => {
  expect(decide(migration('m'), [], []).reason).toMatch(/ever reported/);
  expect(decide(migration('m'), [service('a', { alive: false })], []).reason).toMatch(/alive/);
  expect(decide(migration('m'), [service('a', { disabled: true })], []).reason).toMatch(/disabled/);
  const full = [migration('x', 'a'), migration('y', 'a')];
  expect(decide(migration('m'), [service('a')], full)).toEqual({
    worker: null,
    reason: 'all 2 slots of 1 workers are taken',
  });
});

test('never more than the slots of a worker, and never idle while one is free', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 6 }),
      fc.nat(40),
      (slots, jobs) => {
        const workers = slots.map((count, index) => service(`w${index}`, { slots: count }));
        let holding: Migration[] = [];
        for (let job = 0; job < jobs; job += 1) {
          const { worker } = decide(migration(`m${job}`), workers, holding);
          if (worker) holding = [...holding, migration(`m${job}`, worker.id)];
        }
        const total = slots.reduce((sum, count) => sum + count, 0);
        expect(holding.length).toBe(Math.min(jobs, total));
        for (const [index, count] of slots.entries())
          expect(holding.filter((row) => row.workerId === `w${index}`).length).toBeLessThanOrEqual(count);
      },
    ),
  );
});
