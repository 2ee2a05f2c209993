import { STOPPED_PREFIX } from '@guts/core';
import type { Selectable } from 'kysely';
import type { Trx } from '../dialect.ts';
import type { ServiceRow } from '../schema/tables.ts';

/**
 * A daemon that starts again has a new id; whether it is disabled, and what its copies may move, is a matter of its
 * host. Those of one host and binary are siblings. A new one is disabled as its newest sibling is, unless an enabled one
 * lives: then the host is in use. It is limited as that one is, unless one without a limit lives. One that is disabled
 * or limited and ends leaves its record behind for that, under the id of {@link stoppedId}, so that whoever waits for
 * its end sees its own id gone.
 */

/** How long a heartbeat counts when nobody says; seconds. */
export const ALIVE_SECONDS = 30;

type Row = Selectable<ServiceRow>;
type Kin = Pick<Row, 'binary_name' | 'host'>;
type Mark = Pick<Row, 'disabled' | 'disabled_reason' | 'draining'>;
type Limit = Pick<Row, 'bytes_per_second_limit'>;

const ENABLED: Mark = { disabled: 0, disabled_reason: null, draining: 0 };
const UNLIMITED: Limit = { bytes_per_second_limit: null };

const stoppedId = (id: string): string => `${STOPPED_PREFIX}${id}`;

/** Only the mark that a daemon left, whatever its heartbeat. */
export const isStopped = ({ id }: Pick<Row, 'id'>): boolean => id.startsWith(STOPPED_PREFIX);

export function isAlive(row: Pick<Row, 'id' | 'heartbeat_at'>, now: number, aliveSeconds: number): boolean {
  return !isStopped(row) && now - row.heartbeat_at <= aliveSeconds * 1000;
}

/** Newest first. */
async function siblings(trx: Trx, { binary_name, host }: Kin): Promise<Row[]> {
  return trx
    .selectFrom('services')
    .selectAll()
    .where('binary_name', '=', binary_name)
    .where('host', '=', host)
    .orderBy('started_at', 'desc')
    .orderBy('id', 'desc')
    .execute();
}

const isEnabled = (row: Row): boolean => row.disabled === 0;
const isUnlimited = (row: Row): boolean => row.bytes_per_second_limit === null;
const lives = (rows: readonly Row[], kind: (row: Row) => boolean, now: number): boolean =>
  rows.some((row) => kind(row) && isAlive(row, now, ALIVE_SECONDS));

async function forget(trx: Trx, rows: readonly Row[]): Promise<void> {
  for (const { id } of rows) await trx.deleteFrom('services').where('id', '=', id).execute();
}

/** What a daemon begins with that has no record yet. @param now the database's clock; ms since the epoch */
export async function inherit(trx: Trx, kin: Kin, now: number): Promise<Mark & Limit> {
  const rows = await siblings(trx, kin);
  // The new one carries the mark on, or the host is in use: what was left for it has served.
  await forget(trx, rows.filter(isStopped));
  const [newest] = rows;
  if (!newest) return { ...ENABLED, ...UNLIMITED };
  const { disabled, disabled_reason, draining, bytes_per_second_limit } = newest;
  return {
    ...(lives(rows, isEnabled, now) ? ENABLED : { disabled, disabled_reason, draining }),
    ...(lives(rows, isUnlimited, now) ? UNLIMITED : { bytes_per_second_limit }),
  };
}

/** Gives the dead ones of a host another mark; what a daemon left that has none then is of no use. */
async function markDead(
  trx: Trx,
  of: Kin & Pick<Row, 'id'>,
  mark: Partial<Mark & Limit>,
  now: number,
): Promise<void> {
  for (const row of await siblings(trx, of)) {
    if (row.id === of.id || isAlive(row, now, ALIVE_SECONDS)) continue;
    const marked = { ...row, ...mark };
    if (isStopped(row) && isEnabled(marked) && isUnlimited(marked)) await forget(trx, [row]);
    else await trx.updateTable('services').set(mark).where('id', '=', row.id).execute();
  }
}

/** After an enabled one of a host nobody is disabled for what once held for a dead one. */
export const enableDead = (trx: Trx, of: Kin & Pick<Row, 'id'>, now: number): Promise<void> =>
  markDead(trx, of, ENABLED, now);

/** What one of a host may move its dead ones may, too: whoever starts next begins with it, whichever was the newest. */
export const limitDead = (
  trx: Trx,
  of: Kin & Pick<Row, 'id'>,
  bytesPerSecond: number | null,
  now: number,
): Promise<void> => markDead(trx, of, { bytes_per_second_limit: bytesPerSecond }, now);

/** Ends a daemon's record. */
export async function end(trx: Trx, id: string, now: number): Promise<void> {
  const own = await trx.selectFrom('services').selectAll().where('id', '=', id).executeTakeFirst();
  if (!own) return;
  const rows = await siblings(trx, own);
  const keepsMark = !isEnabled(own) && !lives(rows, isEnabled, now);
  const keepsLimit = !isUnlimited(own) && !lives(rows, isUnlimited, now);
  if (keepsMark || keepsLimit)
    await trx
      .updateTable('services')
      .set({ id: stoppedId(id), ...(keepsMark ? {} : ENABLED), ...(keepsLimit ? {} : UNLIMITED) })
      .where('id', '=', id)
      .execute();
  else await forget(trx, [own]);
  if (isEnabled(own)) await enableDead(trx, { ...own, id: stoppedId(id) }, now);
  if (isUnlimited(own)) await limitDead(trx, { ...own, id: stoppedId(id) }, null, now);
}
