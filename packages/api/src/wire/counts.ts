import { type HealthReport, OPERATION_STATUSES } from '@guts/contract';
import { STATUSES, type WorkCounts } from '@guts/core';

const whole = <S extends string>(all: readonly S[], counts: Readonly<Partial<Record<S, number>>>) =>
  Object.fromEntries(all.map((status) => [status, counts[status] ?? 0])) as Record<S, number>;

/** With a zero for what there is none of. */
export function countsToWire(counts: WorkCounts): Pick<HealthReport, 'migrations' | 'operations'> {
  return {
    migrations: whole(STATUSES, counts.migrations),
    operations: whole(OPERATION_STATUSES, counts.operations),
  };
}
