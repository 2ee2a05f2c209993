import type { DriverSchemas, Service, ServiceBinary, ServiceStore } from '@guts/core';
import type { Kysely, Selectable } from 'kysely';
import { iso, json, parse } from '../codec.ts';
import type { StoreContext } from '../context.ts';
import type { ServiceRow, Tables } from '../schema/tables.ts';
import { ALIVE_SECONDS, enableDead, end, inherit, isAlive, limitDead } from './succession.ts';

function toService(row: Selectable<ServiceRow>, now: number, aliveSeconds: number): Service {
  return {
    id: row.id,
    binary: row.binary_name as ServiceBinary,
    host: row.host,
    version: row.version,
    disabled: row.disabled === 1,
    disabledReason: row.disabled_reason,
    draining: row.draining === 1,
    alive: isAlive(row, now, aliveSeconds),
    heartbeatAt: iso(row.heartbeat_at),
    startedAt: iso(row.started_at),
    slots: row.slots,
    scratchBytes: row.scratch_bytes,
    bytesPerSecond: row.bytes_per_second,
    bytesPerSecondLimit: row.bytes_per_second_limit,
    drivers: parse<DriverSchemas[]>(row.drivers),
  };
}

/** Oldest first. @param now the database's clock; ms since the epoch */
export async function readServices(
  db: Kysely<Tables>,
  now: number,
  aliveSeconds: number,
): Promise<Service[]> {
  const rows = await db.selectFrom('services').selectAll().orderBy('started_at').orderBy('id').execute();
  return rows.map((row) => toService(row, now, aliveSeconds));
}

export function serviceStore(context: StoreContext): ServiceStore {
  const { db } = context;
  return {
    heartbeat(service) {
      return context.write(async (trx) => {
        const now = await context.now(trx);
        const values = {
          binary_name: service.binary,
          host: service.host,
          version: service.version,
          heartbeat_at: now,
          slots: service.slots,
          scratch_bytes: service.scratchBytes,
          bytes_per_second: service.bytesPerSecond,
          drivers: json(service.drivers),
        };
        const { numUpdatedRows } = await trx
          .updateTable('services')
          .set(values)
          .where('id', '=', service.id)
          .executeTakeFirst();
        if (numUpdatedRows === 0n) {
          const mark = await inherit(trx, values, now);
          await trx
            .insertInto('services')
            .values({ id: service.id, ...values, ...mark, started_at: now })
            .execute();
        }
        const row = await trx
          .selectFrom('services')
          .select(['disabled', 'draining', 'bytes_per_second_limit'])
          .where('id', '=', service.id)
          .executeTakeFirstOrThrow();
        return {
          disabled: row.disabled === 1,
          draining: row.draining === 1,
          bytesPerSecondLimit: row.bytes_per_second_limit,
        };
      });
    },

    async listServices(aliveSeconds) {
      return readServices(db, await context.now(db), aliveSeconds);
    },

    setServiceDisabled(id, { disabled, draining, reason }) {
      return context.write(async (trx) => {
        await trx
          .updateTable('services')
          .set({
            disabled: disabled ? 1 : 0,
            draining: disabled && draining ? 1 : 0,
            disabled_reason: disabled ? reason : null,
          })
          .where('id', '=', id)
          .execute();
        const row = await trx.selectFrom('services').selectAll().where('id', '=', id).executeTakeFirst();
        if (!row) return null;
        const now = await context.now(trx);
        if (!disabled) await enableDead(trx, row, now);
        return toService(row, now, ALIVE_SECONDS);
      });
    },

    setServiceLimit(id, bytesPerSecond) {
      return context.write(async (trx) => {
        await trx
          .updateTable('services')
          .set({ bytes_per_second_limit: bytesPerSecond })
          .where('id', '=', id)
          .execute();
        const row = await trx.selectFrom('services').selectAll().where('id', '=', id).executeTakeFirst();
        if (!row) return null;
        const now = await context.now(trx);
        await limitDead(trx, row, bytesPerSecond, now);
        return toService(row, now, ALIVE_SECONDS);
      });
    },

    async endService(id) {
      await context.write(async (trx) => end(trx, id, await context.now(trx)));
    },

    async removeService(id) {
      await context.write((trx) => trx.deleteFrom('services').where('id', '=', id).execute());
    },
  };
}
