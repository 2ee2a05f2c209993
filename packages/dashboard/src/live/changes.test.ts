import type { Event, Migration } from '@guts/contract';
import { describe, expect, test } from 'vitest';
import { changesOf, deltaSince, type Migrations, withChanges, withNewer } from './changes.ts';

const event = (sequence: number, more: Partial<Event>): Event => ({
  sequence,
  resource: 'migration',
  resource_id: 'm1',
  type: 'migration.status',
  severity: 'information',
  message: '',
  data: {},
  at: '2026-01-01T00:00:00.000Z',
  ...more,
});
const migration = (id: string, updated: string, more: Partial<Migration> = {}): Migration =>
  ({ id, updated_at: updated, status: 'running', phase: 'copy', step: 'transfer', ...more }) as Migration;
const held = (...all: Migration[]): Migrations => new Map(all.map((one) => [one.id, one]));
const AT = '2026-01-01T00:00:00.000Z';
const LATER = '2026-01-01T00:00:10.000Z';

describe('changes of events', () => {
  test('the last of several about one migration counts, and each thing is named once', () => {
    const { migrations, touched } = changesOf([
      event(1, { data: { status: 'running', phase: 'copy', step: 'reserve' } }),
      event(2, { type: 'step.started', data: { step: 'transfer' } }),
      event(3, { data: { status: 'running', phase: 'copy', step: 'transfer' } }),
      event(4, { resource: 'source', resource_id: 's1', type: 'source.changed' }),
    ]);
    expect(migrations.get('m1')).toEqual({ status: 'running', phase: 'copy', step: 'transfer' });
    expect([...touched.migration]).toEqual(['m1']);
    expect([...touched.source]).toEqual(['s1']);
  });

  test('a status without a step has none any more; one of another type tells no position', () => {
    expect(changesOf([event(1, { data: { status: 'completed' } })]).migrations.get('m1')).toEqual({
      status: 'completed',
      step: null,
    });
    expect(
      changesOf([event(1, { type: 'artifact.created', data: { status: 'x' } })]).migrations.get('m1'),
    ).toEqual({});
  });

  test('kinds that are not known yet are passed over', () => {
    const { touched } = changesOf([event(1, { resource: 'plan' as 'source' })]);
    expect(Object.values(touched).every((ids) => ids.size === 0)).toBe(true);
  });
});

describe('migrations that are held', () => {
  const one = migration('m1', AT);
  const two = migration('m2', AT);

  test('change by what an event told; the others stay the same objects', () => {
    const before = held(one, two);
    const after = withChanges(before, new Map([['m1', { status: 'failed' as const, step: null }]]));
    expect(after.get('m1')).toMatchObject({ status: 'failed', step: null });
    expect(after.get('m2')).toBe(two);
  });

  test('stay as they are when nothing is new', () => {
    const before = held(one, two);
    expect(withChanges(before, new Map([['m1', { status: 'running' as const }]]))).toBe(before);
    expect(withChanges(before, new Map([['unknown', { status: 'failed' as const }]]))).toBe(before);
    expect(withNewer(before, [])).toBe(before);
  });

  test('are never replaced by an older answer', () => {
    const newer = migration('m1', LATER, { status: 'completed' });
    expect(withNewer(held(newer), [one]).get('m1')).toBe(newer);
    expect(withNewer(held(one), [newer]).get('m1')).toBe(newer);
    expect(withNewer(held(one), [two]).size).toBe(2);
  });

  test('changes are asked for from a little before the newest', () => {
    expect(deltaSince(held())).toBeNull();
    expect(deltaSince(held(one, migration('m2', LATER)), 5000)).toBe('2026-01-01T00:00:05.000Z');
  });
});
