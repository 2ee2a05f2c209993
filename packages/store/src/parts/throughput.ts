import { type DiskProgress, THROUGHPUT_KEPT_MS, THROUGHPUT_PIECE_MS, type ThroughputStore } from '@guts/core';
import { sql } from 'kysely';
import type { StoreContext } from '../context.ts';
import type { Trx } from '../dialect.ts';

/** At most so much of what is too old is dropped at once, so that nobody waits long after a long rest. */
const DROPPED_MS = 60 * 60 * 1000;

/**
 * How many bytes moved between two writes of the progress. Told by `bytesRead`, which counts what crossed the wire
 * from the source and nothing else: `bytesDone` also counts holes that were skipped and what lies before the
 * checkpoint of a resumed copy, and runs anew while the destination is verified; `bytesWritten` misses zeros that
 * were read. Every attempt counts from 0: what a smaller count tells was read since.
 */
export function bytesMoved(
  before: ReadonlyMap<string, Pick<DiskProgress, 'bytesRead'>>,
  now: readonly Pick<DiskProgress, 'diskKey' | 'bytesRead'>[],
): number {
  return now.reduce((sum, { diskKey, bytesRead }) => {
    const known = before.get(diskKey)?.bytesRead ?? 0;
    return sum + (bytesRead < known ? bytesRead : bytesRead - known);
  }, 0);
}

/**
 * In the transaction that writes the progress, behind its fence: nobody else writes of this migration.
 * @param now milliseconds, by the database's clock
 */
export async function addThroughput(
  trx: Trx,
  { migrationId, projectId }: { readonly migrationId: string; readonly projectId: string },
  now: number,
  bytes: number,
): Promise<void> {
  const at = now - (now % THROUGHPUT_PIECE_MS);
  const { numUpdatedRows } = await trx
    .updateTable('throughput')
    .set((eb) => ({ bytes: eb('bytes', '+', bytes) }))
    .where('migration_id', '=', migrationId)
    .where('at', '=', at)
    .executeTakeFirst();
  if (numUpdatedRows > 0n) return;
  await trx
    .insertInto('throughput')
    .values({ migration_id: migrationId, project_id: projectId, at, bytes })
    .execute();
  await dropOld(trx, now - THROUGHPUT_KEPT_MS);
}

/**
 * Looks before it deletes: a delete that finds nothing would lock the place where others write now, in databases
 * that lock what lies between rows.
 */
async function dropOld(trx: Trx, before: number): Promise<void> {
  const { oldest } = await trx
    .selectFrom('throughput')
    .select((eb) => eb.fn.min<number | null>('at').as('oldest'))
    .executeTakeFirstOrThrow();
  if (oldest === null || oldest >= before) return;
  await trx
    .deleteFrom('throughput')
    .where('at', '<', Math.min(before, oldest + DROPPED_MS))
    .execute();
}

export function throughputStore({ db }: StoreContext): ThroughputStore {
  return {
    async listThroughput({ projectId }, { migrationId, since, until, pieceMs }) {
      const rows = await db
        .selectFrom('throughput')
        .select((eb) => [
          sql<number>`${sql.ref('at')} - ${sql.ref('at')} % ${sql.lit(pieceMs)}`.as('piece'),
          eb.fn.sum<number | string>('bytes').as('bytes'),
        ])
        .$if(projectId !== null, (q) => q.where('project_id', '=', projectId ?? ''))
        .$if(migrationId !== undefined, (q) => q.where('migration_id', '=', migrationId ?? ''))
        .where('at', '>=', since - (since % pieceMs))
        .where('at', '<', until)
        .groupBy('piece')
        .orderBy('piece')
        .execute();
      return rows.map(({ piece, bytes }) => ({ at: piece, bytes: Number(bytes) }));
    },
  };
}
