import { type AuditLine, type BusMessage, GutsError, type Lease, type NewEvent } from '@guts/core';
import { type Kysely, sql } from 'kysely';
import { unlessBusy } from './busy.ts';
import type { Db, StoreDialect, Trx } from './dialect.ts';
import type { Tables } from './schema/tables.ts';

/** What every part of the store works with. */
export class StoreContext {
  readonly db: Db;
  readonly dialect: StoreDialect;

  constructor(db: Db, dialect: StoreDialect) {
    this.db = db;
    this.dialect = dialect;
  }

  /** One transaction; run again while another process holds the database. */
  write<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    return unlessBusy(this.dialect, () => this.db.transaction().execute(work));
  }

  /** The database's clock, in ms since the epoch. */
  async now(trx: Kysely<Tables>): Promise<number> {
    const row = await trx.selectNoFrom(this.dialect.now.as('now')).executeTakeFirstOrThrow();
    return row.now;
  }

  /**
   * Last in its transaction: events are written one transaction after the other, so that their sequences become
   * visible in their order.
   */
  async addEvent(trx: Trx, event: NewEvent): Promise<void> {
    await this.lock(trx, 'events');
    await trx
      .insertInto('events')
      .values({
        project_id: event.projectId,
        resource: event.resource,
        resource_id: event.resourceId,
        type: event.type,
        severity: event.severity,
        message: event.message,
        data: JSON.stringify(event.data),
        at: this.dialect.now,
      })
      .execute();
    if (event.audit) await this.addAudit(trx, event.audit);
  }

  async addAudit(trx: Trx, line: AuditLine): Promise<void> {
    await trx
      .insertInto('audit')
      .values({
        id: line.id,
        project_id: line.projectId,
        user_id: line.userId,
        request_id: line.requestId,
        action: line.action,
        resource_id: line.resourceId,
        data: JSON.stringify(line.data),
        at: this.dialect.now,
      })
      .execute();
  }

  /** A message in the transaction of what it announces. */
  async announce(trx: Trx, message: BusMessage): Promise<void> {
    await trx
      .insertInto('outbox')
      .values({
        topic: message.topic,
        about: message.id,
        recipient: message.to ?? null,
        created_at: this.dialect.now,
        claimed_by: null,
        claimed_until: null,
      })
      .execute();
  }

  /**
   * Held to the end of the transaction; written as an update so that it locks the row in every database. Where one
   * transaction writes at a time nothing is written: else a round that finds nothing to do would wait for the disk, and
   * with it, the drivers being synchronous, everything that this process does.
   */
  async lock(trx: Trx, name: 'scheduling' | 'events'): Promise<void> {
    if (!this.dialect.parallelWrites) return;
    await trx.updateTable('locks').set({ taken_at: this.dialect.now }).where('name', '=', name).execute();
  }

  /**
   * Holds the migration's row and proves that the lease is the current one: the epoch fences off whoever ran it
   * before. Written as an update so that it locks the row in every database.
   * @throws GutsError `lease_lost`
   */
  async fence(trx: Trx, lease: Lease): Promise<void> {
    const { numUpdatedRows } = await trx
      .updateTable('migrations')
      .set({ updated_at: this.dialect.now })
      .where('id', '=', lease.migrationId)
      .where('worker_id', '=', lease.workerId)
      .where('epoch', '=', lease.epoch)
      .executeTakeFirst();
    if (numUpdatedRows !== 1n)
      throw new GutsError('lease_lost', `lease ${lease.epoch} of migration ${lease.migrationId} is lost`);
  }

  /** A journal write: fenced, in a transaction, with its event. */
  journal<T>(lease: Lease, event: NewEvent | undefined, work: (trx: Trx) => Promise<T>): Promise<T> {
    return this.write(async (trx) => {
      await this.fence(trx, lease);
      const result = await work(trx);
      if (event) await this.addEvent(trx, event);
      return result;
    });
  }

  /** Milliseconds from now, by the database's clock. */
  inSeconds(seconds: number): ReturnType<typeof sql<number>> {
    return sql<number>`${this.dialect.now} + ${Math.round(seconds * 1000)}`;
  }
}
