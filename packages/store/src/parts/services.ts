import type { DriverSchemas, Service, ServiceBinary, ServiceStore } from '@guts/core';
import type { Selectable } from 'kysely';
import { iso, json, parse } from '../codec.ts';
import type { StoreContext } from '../context.ts';
import type { ServiceRow } from '../schema/tables.ts';

/** How long a heartbeat counts when nobody says; seconds. */
const ALIVE_SECONDS = 30;

function toService(row: Selectable<ServiceRow>, now: number, aliveSeconds: number): Service {
  return {
    id: row.id,
    binary: row.binary_name as ServiceBinary,
    host: row.host,
    version: row.version,
    disabled: row.disabled === 1,
    disabledReason: row.disabled_reason,
    alive: now - row.heartbeat_at <= aliveSeconds * 1000,
    heartbeatAt: iso(row.heartbeat_at),
    startedAt: iso(row.started_at),
    slots: row.slots,
    drivers: parse<DriverSchemas[]>(row.drivers),
  };
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
          drivers: json(service.drivers),
        };
        const { numUpdatedRows } = await trx
          .updateTable('services')
          .set(values)
          .where('id', '=', service.id)
          .executeTakeFirst();
        if (numUpdatedRows === 0n)
          await trx
            .insertInto('services')
            .values({ id: service.id, ...values, disabled: 0, disabled_reason: null, started_at: now })
            .execute();
      });
    },

    async listServices(aliveSeconds) {
      const now = await context.now(db);
      const rows = await db.selectFrom('services').selectAll().orderBy('started_at').orderBy('id').execute();
      return rows.map((row) => toService(row, now, aliveSeconds));
    },

    setServiceDisabled(id, disabled, reason) {
      return context.write(async (trx) => {
        await trx
          .updateTable('services')
          .set({ disabled: disabled ? 1 : 0, disabled_reason: disabled ? reason : null })
          .where('id', '=', id)
          .execute();
        const row = await trx.selectFrom('services').selectAll().where('id', '=', id).executeTakeFirst();
        return row ? toService(row, await context.now(trx), ALIVE_SECONDS) : null;
      });
    },

    async removeService(id) {
      await context.write((trx) => trx.deleteFrom('services').where('id', '=', id).execute());
    },
  };
}
