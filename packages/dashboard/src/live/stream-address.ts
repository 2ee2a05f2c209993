import { type ApiClient, EVENT_STREAM_PATH, routes } from '@guts/contract';
import type { Boot } from '../boot.ts';

/**
 * Address of the stream of events after a sequence. In Horizon it is that of guts-api itself, with a ticket that it gives
 * for pages of this origin: a long answer would hold a process of Horizon's.
 * @throws ApiCallError when there is no ticket
 */
export async function streamAddress(
  { mode, api, stream }: Pick<Boot, 'mode' | 'api' | 'stream'>,
  client: Pick<ApiClient, 'call'>,
  origin: string,
  after: number,
): Promise<string> {
  const query = new URLSearchParams({ after: String(after), progress: 'true' });
  if (mode === 'alone') return `${api}${EVENT_STREAM_PATH}?${query}`;
  if (stream === null)
    throw new Error('the catalog has no public endpoint of guts-api: nothing can be listened to');
  const { ticket } = await client.call(routes.events.ticket, { body: { origin } });
  query.set('ticket', ticket);
  return `${stream}${EVENT_STREAM_PATH}?${query}`;
}
