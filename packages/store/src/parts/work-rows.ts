import {
  type Demand,
  type HeldWork,
  KEPT_STATUSES,
  type Phase,
  type QueuedWork,
  type Status,
  STATUS_RULES,
  STATUSES,
  UNKNOWN_DEMAND,
  type Work,
} from '@guts/core';
import type { Expression, ExpressionBuilder, SqlBool } from 'kysely';
import { parse } from '../codec.ts';
import type { StoreContext } from '../context.ts';
import type { Trx } from '../dialect.ts';
import type { Tables } from '../schema/tables.ts';

interface WorkRow {
  readonly id: string;
  readonly project_id: string;
  readonly plan_id: string | null;
  readonly priority: number;
  readonly status: string;
  readonly phase: string | null;
  readonly cancel_requested: number;
  readonly source_id: string;
  readonly destination_id: string;
  readonly target_project: string | null;
  readonly source_driver: string | null;
  readonly destination_driver: string | null;
  readonly demand: string | null;
  readonly reason: string | null;
  readonly queued_at: number | null;
  readonly created_at: number;
  readonly worker_id: string | null;
  readonly reserved_worker_id: string | null;
}

/** Statuses that a reservation or a lease belongs to. */
const HOLDING: readonly Status[] = STATUSES.filter((status) => STATUS_RULES[status].holds !== 'none');

/**
 * What somebody held whose lease or reservation has passed waits again, and is shown so: `queued`, or as it is where
 * it was on its way back. Who lost it is kept as a reservation that has passed.
 */
export async function releaseLost(
  context: StoreContext,
  trx: Trx,
): Promise<readonly { readonly id: string; readonly projectId: string; readonly lostBy: string }[]> {
  const { dialect } = context;
  const rows = await trx
    .selectFrom('migrations')
    .select(['id', 'project_id', 'status', 'worker_id', 'reserved_worker_id', 'lease_until'])
    .where((eb) =>
      eb.or([
        eb.and([eb('lease_until', 'is not', null), eb('lease_until', '<', dialect.now)]),
        eb.and([eb('status', '=', 'scheduled'), eb('reserved_until', '<', dialect.now)]),
      ]),
    )
    .where('status', 'in', HOLDING)
    .execute();
  const lost: { id: string; projectId: string; lostBy: string }[] = [];
  for (const row of rows) {
    const lostBy = row.worker_id ?? row.reserved_worker_id;
    const { numUpdatedRows } = await trx
      .updateTable('migrations')
      .set({
        status: KEPT_STATUSES.includes(row.status as Status) ? row.status : ('queued' satisfies Status),
        reason: null,
        worker_id: null,
        lease_until: null,
        reserved_worker_id: lostBy,
        reserved_until: 0,
        updated_at: dialect.now,
      })
      .where('id', '=', row.id)
      .where('status', '=', row.status)
      // A worker that renews it at this very moment keeps it.
      .where((eb) => isFree(eb, context))
      .executeTakeFirst();
    if (numUpdatedRows === 1n && lostBy !== null)
      lost.push({ id: row.id, projectId: row.project_id, lostBy });
  }
  return lost;
}

/** Nobody runs it and nobody is promised it. */
export function isFree(
  eb: ExpressionBuilder<Tables, 'migrations'>,
  { dialect }: StoreContext,
): Expression<SqlBool> {
  return eb.and([
    eb.or([eb('migrations.reserved_until', 'is', null), eb('migrations.reserved_until', '<', dialect.now)]),
    eb.or([eb('migrations.lease_until', 'is', null), eb('migrations.lease_until', '<', dialect.now)]),
    eb('migrations.status', 'in', ['queued', 'scheduled', 'running', ...KEPT_STATUSES]),
  ]);
}

/** Work without what only its worker needs: the specification is not read. */
function workRows(trx: Trx) {
  return trx
    .selectFrom('migrations')
    .leftJoin('endpoints as s', 's.id', 'migrations.source_id')
    .leftJoin('endpoints as d', 'd.id', 'migrations.destination_id')
    .select([
      'migrations.id',
      'migrations.project_id',
      'migrations.plan_id',
      'migrations.priority',
      'migrations.status',
      'migrations.phase',
      'migrations.cancel_requested',
      'migrations.source_id',
      'migrations.destination_id',
      'migrations.target_project',
      's.driver as source_driver',
      'd.driver as destination_driver',
      'migrations.demand',
      'migrations.reason',
      'migrations.queued_at',
      'migrations.created_at',
      'migrations.worker_id',
      'migrations.reserved_worker_id',
    ]);
}

/**
 * Thousands of rows name the same few projects, endpoints and drivers: of equal texts one is kept, so that those who
 * compare them do not fetch each from memory.
 */
class Names {
  readonly #known = new Map<string, string>();

  one<Text extends string | null>(text: Text): Text {
    if (text === null) return text;
    const known = this.#known.get(text);
    if (known !== undefined) return known as Text;
    this.#known.set(text, text);
    return text;
  }
}

function toWork(row: WorkRow, names: Names): Work {
  const phase = row.phase as Phase | null;
  const undoing =
    KEPT_STATUSES.includes(row.status as Status) || phase === 'undo' || row.cancel_requested === 1;
  return {
    id: row.id,
    projectId: names.one(row.project_id),
    planId: names.one(row.plan_id),
    priority: row.priority,
    direction: undoing ? 'undo' : 'forward',
    phase,
    sourceId: names.one(row.source_id),
    destinationId: names.one(row.destination_id),
    targetProject: names.one(row.target_project),
    sourceDriver: names.one(row.source_driver ?? ''),
    destinationDriver: names.one(row.destination_driver ?? ''),
    demand: row.demand === null ? UNKNOWN_DEMAND : parse<Demand>(row.demand),
    queuedAt: row.queued_at ?? row.created_at,
  };
}

function toQueued(row: WorkRow, names: Names): QueuedWork {
  return Object.assign(toWork(row, names), {
    reason: names.one(row.reason),
    lostBy: row.worker_id ?? row.reserved_worker_id,
  });
}

/** Undo first, then by priority, then oldest first. */
export async function waitingWork(
  context: StoreContext,
  trx: Trx,
  limit: number,
): Promise<readonly QueuedWork[]> {
  const rows = await workRows(trx)
    .where((eb) => isFree(eb as unknown as ExpressionBuilder<Tables, 'migrations'>, context))
    .orderBy((eb) =>
      eb
        .case()
        .when('migrations.status', 'in', [...KEPT_STATUSES])
        .then(0)
        .when('migrations.phase', '=', 'undo')
        .then(0)
        .when('migrations.cancel_requested', '=', 1)
        .then(0)
        .else(1)
        .end(),
    )
    .orderBy('migrations.priority', 'desc')
    .orderBy('migrations.sequence')
    .limit(limit)
    .execute();
  const names = new Names();
  return rows.map((row) => toQueued(row, names));
}

/** What holds a worker now. @param exceptId work that is left out */
export async function heldWork(
  { dialect }: StoreContext,
  trx: Trx,
  exceptId = '',
): Promise<readonly HeldWork[]> {
  const rows = await workRows(trx)
    .where((eb) =>
      eb.or([
        eb('migrations.reserved_until', '>=', dialect.now),
        eb('migrations.lease_until', '>=', dialect.now),
      ]),
    )
    // Nothing else holds one; by it the index of statuses leaves out all that has ended.
    .where('migrations.status', 'in', HOLDING)
    .where('migrations.id', '!=', exceptId)
    .execute();
  const names = new Names();
  return rows.flatMap((row) => {
    const workerId = row.worker_id ?? row.reserved_worker_id;
    return workerId === null ? [] : [{ ...toWork(row, names), workerId }];
  });
}

export async function queuedWork(trx: Trx, id: string): Promise<QueuedWork> {
  return toQueued(await workRows(trx).where('migrations.id', '=', id).executeTakeFirstOrThrow(), new Names());
}
