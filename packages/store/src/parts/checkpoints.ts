import type { DiskCheckpoint, JournalStore } from '@guts/core';
import { json, parse } from '../codec.ts';
import type { StoreContext } from '../context.ts';

type Part = Pick<JournalStore, 'putCheckpoint' | 'replaceDigests' | 'listCheckpoints' | 'dropCheckpoints'>;

interface StoredDigests {
  readonly key: string;
  readonly chunks: number;
  readonly runs: string;
}

const toText = ({ key, chunks, digests }: DiskCheckpoint): string =>
  json({ key, chunks, runs: digests } satisfies StoredDigests);

export function checkpointStore(context: StoreContext): Part {
  const { db } = context;
  return {
    putCheckpoint(lease, checkpoint) {
      return context.journal(lease, undefined, async (trx) => {
        await trx
          .deleteFrom('checkpoints')
          .where('migration_id', '=', lease.migrationId)
          .where('disk_key', '=', checkpoint.diskKey)
          .where('pass', '=', checkpoint.pass)
          .where('first_chunk', '>=', checkpoint.firstChunk)
          .execute();
        await trx
          .insertInto('checkpoints')
          .values({
            migration_id: lease.migrationId,
            disk_key: checkpoint.diskKey,
            pass: checkpoint.pass,
            first_chunk: checkpoint.firstChunk,
            chunk_size: checkpoint.chunkSize,
            digests: toText(checkpoint),
            flushed_bytes: checkpoint.flushedBytes,
          })
          .execute();
      });
    },

    replaceDigests(lease, checkpoint) {
      return context.journal(lease, undefined, async (trx) => {
        await trx
          .updateTable('checkpoints')
          .set({ digests: toText(checkpoint) })
          .where('migration_id', '=', lease.migrationId)
          .where('disk_key', '=', checkpoint.diskKey)
          .where('pass', '=', checkpoint.pass)
          .where('first_chunk', '=', checkpoint.firstChunk)
          .execute();
      });
    },

    async listCheckpoints(migrationId, diskKey, pass, page) {
      let query = db
        .selectFrom('checkpoints')
        .selectAll()
        .where('migration_id', '=', migrationId)
        .where('disk_key', '=', diskKey)
        .where('pass', '=', pass)
        .orderBy('first_chunk');
      if (page?.after !== undefined) query = query.where('first_chunk', '>', page.after);
      if (page) query = query.limit(page.limit);
      const rows = await query.execute();
      return rows.map((row): DiskCheckpoint => {
        const { key, chunks, runs } = parse<StoredDigests>(row.digests);
        return {
          migrationId: row.migration_id,
          diskKey: row.disk_key,
          pass: row.pass,
          firstChunk: row.first_chunk,
          chunks,
          chunkSize: row.chunk_size,
          key,
          digests: runs,
          flushedBytes: row.flushed_bytes,
        };
      });
    },

    dropCheckpoints(lease, diskKey) {
      return context.journal(lease, undefined, async (trx) => {
        await trx
          .deleteFrom('checkpoints')
          .where('migration_id', '=', lease.migrationId)
          .where('disk_key', '=', diskKey)
          .execute();
      });
    },
  };
}
