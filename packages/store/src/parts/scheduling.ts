import {
  type Decision,
  KEPT_STATUSES,
  type Migration,
  type MigrationStore,
  type NewEvent,
  type QueuedWork,
  type Status,
} from '@guts/core';
import { json } from '../codec.ts';
import type { StoreContext } from '../context.ts';
import type { Trx } from '../dialect.ts';
import { readMigration } from './migration-record.ts';
import { readServices } from './services.ts';
import { heldWork, isFree, releaseLost, waitingWork } from './work-rows.ts';

type Part = Pick<MigrationStore, 'scheduleRound'>;

function lostEvent(lost: { id: string; projectId: string; lostBy: string }): NewEvent {
  return {
    projectId: lost.projectId,
    resource: 'migration',
    resourceId: lost.id,
    type: 'migration.lost',
    severity: 'warning',
    message: `worker ${lost.lostBy} let it go: its lease or reservation has passed; it waits for another one`,
    data: { worker_id: lost.lostBy },
  };
}

/** How many ids one statement names. */
const IDS_AT_ONCE = 100;

/** What waits, by what it is told: thousands are told the same. */
class Reasons {
  readonly #told = new Map<
    string,
    { readonly ids: string[]; readonly reason: string; readonly trace: string }
  >();
  /** Its text is made once for all that share it. */
  readonly #traces = new Map<Decision['trace'], string>();

  add({ id, reason, trace: given }: Decision): void {
    const trace = this.#traces.get(given) ?? json(given);
    this.#traces.set(given, trace);
    const key = `${reason}\n${trace}`;
    const same = this.#told.get(key);
    if (same) same.ids.push(id);
    else this.#told.set(key, { ids: [id], reason, trace });
  }

  *all(): Generator<{ readonly ids: string[]; readonly reason: string; readonly trace: string }> {
    for (const { ids, reason, trace } of this.#told.values())
      for (let at = 0; at < ids.length; at += IDS_AT_ONCE)
        yield { ids: ids.slice(at, at + IDS_AT_ONCE), reason, trace };
  }
}

export function schedulingStore(context: StoreContext): Part {
  const { dialect } = context;

  /** Null: it moved meanwhile. */
  const reserve = async (
    trx: Trx,
    work: QueuedWork,
    decision: Decision & { workerId: string },
    seconds: number,
    events: NewEvent[],
  ): Promise<Migration | null> => {
    const { id } = work;
    const { status } = await readMigration(trx, id);
    const { numUpdatedRows } = await trx
      .updateTable('migrations')
      .set({
        // A running one whose lease passed goes back to the queue and out of it in one move.
        status: KEPT_STATUSES.includes(status) ? status : ('scheduled' satisfies Status),
        reason: decision.reason,
        trace: json(decision.trace),
        reserved_worker_id: decision.workerId,
        reserved_until: context.inSeconds(seconds),
        worker_id: null,
        lease_until: null,
        updated_at: dialect.now,
      })
      .where('id', '=', id)
      .where('status', '=', status)
      .where((eb) => isFree(eb, context))
      .executeTakeFirst();
    if (numUpdatedRows !== 1n) return null;
    await context.announce(trx, { topic: 'migration.scheduled', id, to: decision.workerId });
    events.push({
      projectId: work.projectId,
      resource: 'migration',
      resourceId: id,
      type: 'migration.scheduled',
      severity: 'information',
      message: `reserved for worker ${decision.workerId}: ${decision.reason}`,
      data: { worker_id: decision.workerId },
    });
    return readMigration(trx, id);
  };

  return {
    scheduleRound(options, decide) {
      return context.write(async (trx) => {
        await context.lock(trx, 'scheduling');
        const events = (await releaseLost(context, trx)).map(lostEvent);
        const waiting = await waitingWork(context, trx, options.limit);
        if (waiting.length === 0) return { waiting: 0, reserved: [] };
        const now = await context.now(trx);
        const services = await readServices(trx, now, options.aliveSeconds);
        const workers = services.filter((one) => one.binary === 'guts-migration');
        const holding = await heldWork(context, trx);
        const byId = new Map(waiting.map((work) => [work.id, work]));
        const reserved: Migration[] = [];
        const reasons = new Reasons();
        for (const decision of decide({ now, waiting, holding, workers })) {
          const work = byId.get(decision.id);
          if (!work) continue;
          const { workerId } = decision;
          if (workerId !== null) {
            const row = await reserve(
              trx,
              work,
              { ...decision, workerId },
              options.reservationSeconds,
              events,
            );
            if (row) reserved.push(row);
          } else if (decision.reason !== work.reason) reasons.add(decision);
        }
        for (const { ids, reason, trace } of reasons.all())
          await trx
            .updateTable('migrations')
            .set({ reason, trace, updated_at: dialect.now })
            .where('id', 'in', ids)
            .execute();
        for (const event of events) await context.addEvent(trx, event);
        return { waiting: waiting.length, reserved };
      });
    },
  };
}
