import { type ApiClient, ApiCallError, routes, type Service } from '@guts/contract';

/** For help texts. */
export const SERVICE_HELP =
  'id, the beginning of one (4 characters or more), or the host, where only one guts-migration is meant there';

const SHORTEST = 4;

/**
 * The id of the daemon that is meant.
 * @param alive which of a host's workers can be meant
 * @throws ApiCallError `not_found`, or `ambiguous` with the ids
 */
export async function findService(client: ApiClient, text: string, alive: boolean): Promise<string> {
  const { services } = await client.call(routes.services.list);
  const meant: ((one: Service) => boolean)[] = [
    (one) => one.id === text,
    (one) => one.host === text && one.binary === 'guts-migration' && one.alive === alive,
    (one) => text.length >= SHORTEST && one.id.startsWith(text),
  ];
  const found = meant.map((is) => services.filter(is)).find((some) => some.length > 0) ?? [];
  const [only] = found;
  if (only && found.length === 1) return only.id;
  const each = found.map(({ id, binary, host }) => `${id} (${binary} on ${host})`);
  if (only)
    throw new ApiCallError(`"${text}" may be any of ${found.length} daemons`, {
      status: 0,
      code: 'ambiguous',
      remedy: `Give the id: ${each.join(', ')}.`,
      details: { ids: found.map(({ id }) => id) },
    });
  throw new ApiCallError(
    `there is no daemon with the id "${text}", nor a ${alive ? 'living' : 'dead'} guts-migration on a host of that name`,
    { status: 0, code: 'not_found', remedy: 'guts service list shows what there is.' },
  );
}
