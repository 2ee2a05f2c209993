import type { Selectable } from 'kysely';
import type { Trx } from '../dialect.ts';
import type { ServiceRow } from '../schema/tables.ts';

/**
 * A daemon that starts again has a new id; whether it is disabled is a matter of its host. Those of one host and
 * binary are siblings. A new one is disabled as its newest sibling is, unless an enabled one lives: then the host is
 * in use. A disabled one that ends leaves its record behind for that, under the id of {@link stoppedId}, so that
 * whoever waits for its end sees its own id gone.
 */
const STOPPED = 'stopped-';

/** How long a heartbeat counts when nobody says; seconds. */
export const ALIVE_SECONDS = 30;

type Row = Selectable<ServiceRow>;
type Kin = Pick<Row, 'binary_name' | 'host'>;
type Mark = Pick<Row, 'disabled' | 'disabled_reason' | 'draining'>;

const ENABLED: Mark = { disabled: 0, disabled_reason: null, draining: 0 };

const stoppedId = (id: string): string => `${STOPPED}${id}`;

/** Only the mark that a daemon left, whatever its heartbeat. */
export const isStopped = ({ id }: Pick<Row, 'id'>): boolean => id.startsWith(STOPPED);

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

const inUse = (rows: readonly Row[], now: number): boolean =>
  rows.some((row) => row.disabled === 0 && isAlive(row, now, ALIVE_SECONDS));

async function forget(trx: Trx, rows: readonly Row[]): Promise<void> {
  for (const { id } of rows) await trx.deleteFrom('services').where('id', '=', id).execute();
}

/** What a daemon begins with that has no record yet. @param now the database's clock; ms since the epoch */
export async function inherit(trx: Trx, kin: Kin, now: number): Promise<Mark> {
  const rows = await siblings(trx, kin);
  // The new one carries the mark on, or the host is in use: what was left for it has served.
  await forget(trx, rows.filter(isStopped));
  const [newest] = rows;
  if (!newest || inUse(rows, now)) return ENABLED;
  const { disabled, disabled_reason, draining } = newest;
  return { disabled, disabled_reason, draining };
}

/** After an enabled one of a host nobody is disabled for what once held for a dead one. */
export async function enableDead(trx: Trx, of: Kin & Pick<Row, 'id'>, now: number): Promise<void> {
  const others = (await siblings(trx, of)).filter((row) => row.id !== of.id);
  await forget(trx, others.filter(isStopped));
  for (const row of others.filter((one) => one.disabled === 1 && !isStopped(one)))
    if (!isAlive(row, now, ALIVE_SECONDS))
      await trx.updateTable('services').set(ENABLED).where('id', '=', row.id).execute();
}

/** Ends a daemon's record. */
export async function end(trx: Trx, id: string, now: number): Promise<void> {
  const own = await trx.selectFrom('services').selectAll().where('id', '=', id).executeTakeFirst();
  if (!own) return;
  const keeps = own.disabled === 1 && !inUse(await siblings(trx, own), now);
  if (keeps) {
    await trx
      .updateTable('services')
      .set({ id: stoppedId(id) })
      .where('id', '=', id)
      .execute();
    return;
  }
  await forget(trx, [own]);
  if (own.disabled === 0) await enableDead(trx, own, now);
}
