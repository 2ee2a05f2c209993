import {
  type Demand,
  GutsError,
  type Migration,
  type Mode,
  type Phase,
  type Purpose,
  type Status,
  type StepName,
  UNKNOWN_DEMAND,
} from '@guts/core';
import type { Selectable } from 'kysely';
import { iso, isoOrNull, parse, parseOrNull } from '../codec.ts';
import type { Trx } from '../dialect.ts';
import type { MigrationRow } from '../schema/tables.ts';

export function toMigration(row: Selectable<MigrationRow>): Migration {
  return {
    id: row.id,
    projectId: row.project_id,
    userId: row.user_id,
    planId: row.plan_id,
    name: row.name,
    sourceId: row.source_id,
    destinationId: row.destination_id,
    instanceRef: row.instance_ref,
    instanceName: row.instance_name,
    targetProject: row.target_project,
    mode: row.mode as Mode,
    purpose: row.purpose as Purpose,
    priority: row.priority,
    spec: parse(row.spec),
    status: row.status as Status,
    phase: row.phase as Phase | null,
    step: row.step as StepName | null,
    reason: row.reason,
    error: parseOrNull(row.error),
    request: parseOrNull(row.request),
    demand: parseOrNull<Demand>(row.demand) ?? UNKNOWN_DEMAND,
    trace: parseOrNull(row.trace),
    queuedAt: iso(row.queued_at ?? row.created_at),
    cancelRequested: row.cancel_requested === 1,
    // A reservation of 0 has passed: it tells only who lost it.
    workerId: row.worker_id ?? (row.reserved_until === 0 ? null : row.reserved_worker_id),
    epoch: row.epoch,
    leaseUntil: isoOrNull(row.lease_until ?? row.reserved_until),
    createdAt: iso(row.created_at),
    updatedAt: iso(row.updated_at),
    startedAt: isoOrNull(row.started_at),
    finishedAt: isoOrNull(row.finished_at),
  };
}

export async function readMigration(trx: Trx, id: string): Promise<Migration> {
  return toMigration(
    await trx.selectFrom('migrations').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
  );
}

/** What owns an instance: one migration at a time. */
export function instanceClaim(sourceId: string, instanceRef: string): string {
  return `${sourceId}/${instanceRef}`;
}

/** What a person asked for while it ran is not lost to the step that ends it. @throws GutsError `cancel_requested` */
export function refuseCancelled(row: { readonly cancel_requested: number }): void {
  if (row.cancel_requested === 1) throw new GutsError('cancel_requested', 'a cancel was requested meanwhile');
}

/** As much of an instance's name as an index holds. */
export function instanceKey(name: string): string {
  return Array.from(name).slice(0, 200).join('');
}
