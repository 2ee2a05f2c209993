import { ApiCallError, type ApiClient, type Migration, type MigrationAction, routes } from '@guts/contract';
import type { QueryClient } from '@tanstack/react-query';
import { withNewer } from '../live/changes.ts';
import { hold } from './queries.ts';

/** Asks for an action, and holds what the migration is now. @throws ApiCallError */
export async function act(
  client: ApiClient,
  queries: QueryClient,
  id: string,
  body: MigrationAction,
): Promise<Migration> {
  const { migration } = await client.call(routes.migrations.act, { params: { id }, body });
  hold(queries, (byId) => withNewer(byId, [migration]));
  if (queries.getQueryData(['migration', id]) !== undefined)
    queries.setQueryData(['migration', id], migration);
  return migration;
}

export interface Refused {
  readonly migration: Migration;
  readonly error: unknown;
}

/** At once on their way. */
const AT_ONCE = 4;

/** The same of many, each on its own; gives those that were refused. */
export async function actOnEach(
  client: ApiClient,
  queries: QueryClient,
  migrations: readonly Migration[],
  body: MigrationAction,
): Promise<readonly Refused[]> {
  const refused: Refused[] = [];
  const waiting = [...migrations];
  const lane = async (): Promise<void> => {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      try {
        await act(client, queries, one.id, body);
      } catch (error) {
        if (!(error instanceof ApiCallError)) throw error;
        refused.push({ migration: one, error });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return refused;
}
