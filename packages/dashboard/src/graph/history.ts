import { type ApiClient, routes, type Throughput } from '@guts/contract';

/** What moved before one looked, by pieces of time. Moments are seconds since 1970, by the server's clock. */
export interface History {
  readonly since: number;
  readonly until: number;
  /** How long a piece is. */
  readonly seconds: number;
  /** Bytes, by the moment at which their piece begins. */
  readonly pieces: ReadonlyMap<number, number>;
  /** By how much the server's clock is ahead of the browser's; seconds. */
  readonly ahead: number;
}

const secondsOf = (at: string): number => Date.parse(at) / 1000;

/** @param now of the browser when it was answered; seconds. An end that is not now says nothing of its clock: null */
export function historyOf({ since, until, seconds, points }: Throughput, now: number | null): History {
  return {
    since: secondsOf(since),
    until: secondsOf(until),
    seconds,
    pieces: new Map(points.map(({ at, bytes }) => [secondsOf(at), bytes])),
    ahead: now === null ? 0 : secondsOf(until) - now,
  };
}

/** Where nobody tells what was: it begins now. */
export function historyFrom(now: number, seconds: number): History {
  const since = Math.floor(now / seconds) * seconds;
  return { since, until: now, seconds, pieces: new Map(), ahead: 0 };
}

/** Of all copies. @param span seconds before now */
export async function askAll(client: ApiClient, span: number, signal: AbortSignal): Promise<History> {
  // The end is the server's now; what lies before it is asked for by the browser's, which may be wrong a little.
  const since = new Date(Date.now() - span * 1000).toISOString();
  const { throughput } = await client.call(routes.throughput, { query: { since }, signal });
  return historyOf(throughput, Date.now() / 1000);
}

/**
 * Of one migration, from its start to its end, with nothing before and after it: what moved within one piece of time
 * is a peak, too. @param ended it has an end, and that piece is told whole
 */
export async function askOne(
  client: ApiClient,
  migration: string,
  ended: boolean,
  signal: AbortSignal,
): Promise<History> {
  const { throughput } = await client.call(routes.throughput, { query: { migration }, signal });
  const history = historyOf(throughput, ended ? null : Date.now() / 1000);
  const { since, until, seconds } = history;
  return {
    ...history,
    since: since - seconds,
    until: ended ? (Math.ceil(until / seconds) + 1) * seconds : until,
  };
}
