import { type ApiClient, ApiCallError, type Migration } from '@guts/contract';
import { QueryClient } from '@tanstack/react-query';
import { expect, test, vi } from 'vitest';
import { type Held, MIGRATIONS } from '../migrations/queries.ts';
import { CacheKeeper } from './cache-keeper.ts';

const one = { id: 'm1', updated_at: '2026-01-01T00:00:00.000Z', status: 'running' } as Migration;
const later = { ...one, updated_at: '2026-01-01T00:00:01.000Z', status: 'failed' } as Migration;

test('once the stream is open what changed before is asked for; what failed comes with the next event', async () => {
  const queries = new QueryClient();
  queries.setQueryData<Held>(MIGRATIONS, { byId: new Map([['m1', one]]), marker: null });
  const asked: unknown[] = [];
  const client = {
    call: (_route: unknown, { query }: { query: unknown }) => {
      asked.push(query);
      if (asked.length === 1)
        return Promise.reject(new ApiCallError('away', { status: 0, code: 'unreachable' }));
      return Promise.resolve({ migrations: [later], links: { next: null } });
    },
  } as unknown as ApiClient;
  const keeper = new CacheKeeper(queries, client);
  keeper.begin();
  await expect.poll(() => asked.length).toBe(1);
  keeper.take([
    {
      sequence: 1,
      resource: 'migration',
      resource_id: 'm1',
      type: 'step.started',
      severity: 'information',
      message: '',
      data: {},
      at: one.updated_at,
    },
  ]);
  await vi.waitFor(() => expect(queries.getQueryData<Held>(MIGRATIONS)?.byId.get('m1')).toEqual(later), {
    timeout: 5000,
  });
  expect(asked[1]).toMatchObject({ updated_since: '2025-12-31T23:59:55.000Z' });
  keeper.close();
  queries.clear();
});
