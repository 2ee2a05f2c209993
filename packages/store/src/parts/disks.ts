import { type DiskPass, type DiskProgress, type JournalStore, STATUS_RULES, STATUSES } from '@guts/core';
import { json, jsonOrNull, parse, parseOrNull } from '../codec.ts';
import type { StoreContext } from '../context.ts';
import type { PassRow } from '../schema/tables.ts';
import { addThroughput, bytesMoved } from './throughput.ts';

type Part = Pick<JournalStore, 'putDisks' | 'listDisks' | 'listMovedDisks' | 'putPass' | 'listPasses'>;

function toPass(row: PassRow): DiskPass {
  return {
    migrationId: row.migration_id,
    diskKey: row.disk_key,
    number: row.number,
    kind: row.kind as DiskPass['kind'],
    transport: row.transport,
    capacityBytes: row.capacity_bytes,
    bytesRead: row.bytes_read,
    bytesWritten: row.bytes_written,
    changeId: row.change_id,
    trackingUuid: row.tracking_uuid,
    snapshotRef: row.snapshot_ref,
    manifest: parseOrNull(row.manifest),
    verification: parseOrNull(row.verification),
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  };
}

/** Those in which bytes move. */
const RUN = STATUSES.filter((status) => STATUS_RULES[status].holds === 'lease');

export function diskStore(context: StoreContext): Part {
  const { db, dialect } = context;
  return {
    putDisks(lease, disks) {
      return context.journal(lease, undefined, async (trx) => {
        // The fence wrote the time; with it, what is counted needs no question of its own.
        const own = await trx
          .selectFrom('migrations')
          .leftJoin('disks', 'disks.migration_id', 'migrations.id')
          .select(['project_id', 'migrations.updated_at as now', 'disk_key', 'data'])
          .where('migrations.id', '=', lease.migrationId)
          .execute();
        const before = new Map<string, DiskProgress>();
        for (const { disk_key, data } of own)
          if (disk_key !== null && data !== null) before.set(disk_key, parse<DiskProgress>(data));
        for (const disk_key of before.keys()) {
          if (disks.some(({ diskKey }) => diskKey === disk_key)) continue;
          await trx
            .deleteFrom('disks')
            .where('migration_id', '=', lease.migrationId)
            .where('disk_key', '=', disk_key)
            .execute();
        }
        for (const [position, disk] of disks.entries()) {
          const values = { position, data: json(disk), updated_at: dialect.now };
          const { numUpdatedRows } = await trx
            .updateTable('disks')
            .set(values)
            .where('migration_id', '=', lease.migrationId)
            .where('disk_key', '=', disk.diskKey)
            .executeTakeFirst();
          if (numUpdatedRows === 0n)
            await trx
              .insertInto('disks')
              .values({ migration_id: lease.migrationId, disk_key: disk.diskKey, ...values })
              .execute();
        }
        const [about] = own;
        const bytes = bytesMoved(before, disks);
        if (about && bytes > 0)
          await addThroughput(
            trx,
            { migrationId: lease.migrationId, projectId: about.project_id },
            about.now,
            bytes,
          );
      });
    },

    async listDisks(migrationId) {
      const rows = await db
        .selectFrom('disks')
        .select('data')
        .where('migration_id', '=', migrationId)
        .orderBy('position')
        .execute();
      return rows.map((row) => parse<DiskProgress>(row.data));
    },

    async listMovedDisks({ projectId }, since) {
      const rows = await db
        .selectFrom('disks')
        .innerJoin('migrations', 'migrations.id', 'disks.migration_id')
        .select(['disks.data as data', 'disks.updated_at as at'])
        .where('migrations.status', 'in', RUN)
        .$if(projectId !== null, (q) => q.where('migrations.project_id', '=', projectId ?? ''))
        .where('disks.updated_at', '>=', since)
        .orderBy('disks.migration_id')
        .orderBy('disks.position')
        .execute();
      return rows.map(({ data, at }) => ({ disk: parse<DiskProgress>(data), at }));
    },

    putPass(lease, pass) {
      return context.journal(lease, undefined, async (trx) => {
        const key = { migration_id: lease.migrationId, disk_key: pass.diskKey, number: pass.number };
        await trx
          .deleteFrom('passes')
          .where('migration_id', '=', key.migration_id)
          .where('disk_key', '=', key.disk_key)
          .where('number', '=', key.number)
          .execute();
        const row: PassRow = {
          ...key,
          kind: pass.kind,
          transport: pass.transport,
          capacity_bytes: pass.capacityBytes,
          bytes_read: pass.bytesRead,
          bytes_written: pass.bytesWritten,
          change_id: pass.changeId,
          tracking_uuid: pass.trackingUuid,
          snapshot_ref: pass.snapshotRef,
          manifest: jsonOrNull(pass.manifest),
          verification: jsonOrNull(pass.verification),
          started_at: pass.startedAt,
          finished_at: pass.finishedAt,
        };
        await trx.insertInto('passes').values(row).execute();
      });
    },

    async listPasses(migrationId) {
      const rows = await db
        .selectFrom('passes')
        .selectAll()
        .where('migration_id', '=', migrationId)
        .orderBy('disk_key')
        .orderBy('number')
        .execute();
      return rows.map(toPass);
    },
  };
}
