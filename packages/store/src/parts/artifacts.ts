import {
  type Artifact,
  type ArtifactKind,
  type ArtifactSide,
  type ArtifactStatus,
  GutsError,
  type JournalStore,
} from '@guts/core';
import type { Selectable } from 'kysely';
import { iso, json, parse } from '../codec.ts';
import type { StoreContext } from '../context.ts';
import type { ArtifactRow } from '../schema/tables.ts';

type Part = Pick<
  JournalStore,
  'intendArtifact' | 'recordArtifact' | 'listArtifacts' | 'getArtifact' | 'setDemand'
>;

function toArtifact(row: Selectable<ArtifactRow>): Artifact {
  return {
    id: row.id,
    migrationId: row.migration_id,
    kind: row.kind as ArtifactKind,
    side: row.side as ArtifactSide,
    role: row.role,
    status: row.status as ArtifactStatus,
    externalId: row.external_id,
    name: row.name,
    data: parse(row.data),
    sequence: row.sequence,
    createdAt: iso(row.created_at),
    updatedAt: iso(row.updated_at),
  };
}

export function artifactStore(context: StoreContext): Part {
  return {
    intendArtifact(lease, artifact) {
      return context.journal(lease, undefined, async (trx) => {
        const find = () =>
          trx
            .selectFrom('artifacts')
            .selectAll()
            .where('migration_id', '=', lease.migrationId)
            .where('live_role', '=', artifact.role)
            .executeTakeFirst();
        const there = await find();
        if (there) return toArtifact(there);
        const now = await context.now(trx);
        await trx
          .insertInto('artifacts')
          .values({
            id: artifact.id,
            migration_id: lease.migrationId,
            kind: artifact.kind,
            side: artifact.side,
            role: artifact.role,
            live_role: artifact.role,
            status: 'intended',
            external_id: null,
            name: artifact.name,
            data: json(artifact.data),
            created_at: now,
            updated_at: now,
          })
          .execute();
        const made = await find();
        if (!made) throw new GutsError('internal', `artifact ${artifact.id} was not recorded`);
        return toArtifact(made);
      });
    },

    recordArtifact(lease, id, change, event) {
      return context.journal(lease, event, async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('artifacts')
          .set({
            status: change.status,
            updated_at: context.dialect.now,
            ...(change.externalId === undefined ? {} : { external_id: change.externalId }),
            ...(change.data === undefined ? {} : { data: json(change.data) }),
            ...(change.status === 'removed' ? { live_role: null } : {}),
          })
          .where('id', '=', id)
          .where('migration_id', '=', lease.migrationId)
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) throw new GutsError('internal', `there is no artifact ${id}`);
      });
    },

    async getArtifact(id) {
      const row = await context.db
        .selectFrom('artifacts')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst();
      return row ? toArtifact(row) : null;
    },

    setDemand(lease, demand) {
      return context.journal(lease, undefined, async (trx) => {
        await trx
          .updateTable('migrations')
          .set({ demand: json(demand) })
          .where('id', '=', lease.migrationId)
          .execute();
      });
    },

    async listArtifacts(migrationId) {
      const rows = await context.db
        .selectFrom('artifacts')
        .selectAll()
        .where('migration_id', '=', migrationId)
        .orderBy('sequence')
        .execute();
      return rows.map(toArtifact);
    },
  };
}
