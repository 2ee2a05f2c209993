import { type ApiClient, ApiCallError, type Migration, routes } from '@guts/contract';
import { allPages } from './paging.ts';

/** For help texts. */
export const MIGRATION_HELP =
  'id, the beginning of one (4 characters or more), or name; of several with a name the one that has not ended';

const WHOLE_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const BEGINNING = /^[\da-f][\da-f-]{3,}$/;
const ENDED: readonly string[] = ['cancelled', 'reverted', 'committed'];

function list(client: ApiClient, filter: { name?: string }): Promise<Migration[]> {
  return allPages(async (marker) => {
    const query = { ...filter, limit: '1000', ...(marker === undefined ? {} : { marker }) };
    const answer = await client.call(routes.migrations.list, { query });
    return { items: answer.migrations, next: answer.links.next };
  });
}

function onlyOne(text: string, found: readonly Migration[]): string {
  const [first] = found;
  if (first && found.length === 1) return first.id;
  const each = found.map(({ id, name, status }) => `${id} (${name}, ${status})`);
  throw new ApiCallError(`"${text}" may be any of ${found.length} migrations`, {
    status: 0,
    code: 'ambiguous',
    remedy: `Give the id: ${each.join(', ')}.`,
    details: { ids: found.map(({ id }) => id) },
  });
}

/** The id of the migration that is meant. @throws ApiCallError `not_found`, or `ambiguous` with the ids */
export async function findMigration(client: ApiClient, text: string): Promise<string> {
  if (WHOLE_ID.test(text)) return text;
  const named = await list(client, { name: text });
  const live = named.filter(({ status }) => !ENDED.includes(status));
  if (named.length > 0) return onlyOne(text, live.length === 1 ? live : named);
  const begun = BEGINNING.test(text) ? (await list(client, {})).filter(({ id }) => id.startsWith(text)) : [];
  if (begun.length > 0) return onlyOne(text, begun);
  throw new ApiCallError(`there is no migration with the name or id "${text}"`, {
    status: 0,
    code: 'not_found',
    remedy: 'guts migration list shows what there is.',
  });
}
