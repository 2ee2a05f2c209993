import type { Migration, Service } from '@guts/core';

export type Choice =
  { readonly worker: Service; readonly reason: string } | { readonly worker: null; readonly reason: string };

/**
 * The least loaded live worker with a free slot, or why there is none. Pure: usage is counted from the rows that
 * hold a worker now.
 */
export function decide(
  migration: Migration,
  workers: readonly Service[],
  holding: readonly Migration[],
): Choice {
  if (workers.length === 0) return { worker: null, reason: 'no worker (guts-migration) has ever reported' };
  const alive = workers.filter((worker) => worker.alive);
  if (alive.length === 0)
    return { worker: null, reason: `none of ${workers.length} workers is alive: start guts-migration` };
  const enabled = alive.filter((worker) => !worker.disabled);
  if (enabled.length === 0) return { worker: null, reason: `all ${alive.length} live workers are disabled` };
  const used = new Map<string, number>();
  for (const row of holding)
    if (row.workerId !== null && row.id !== migration.id)
      used.set(row.workerId, (used.get(row.workerId) ?? 0) + 1);
  const load = (worker: Service): number => (used.get(worker.id) ?? 0) / Math.max(1, worker.slots);
  const free = enabled.filter((worker) => (used.get(worker.id) ?? 0) < worker.slots);
  const [best] = free.sort((a, b) => load(a) - load(b) || a.id.localeCompare(b.id));
  if (!best) {
    const slots = enabled.reduce((sum, worker) => sum + worker.slots, 0);
    return { worker: null, reason: `all ${slots} slots of ${enabled.length} workers are taken` };
  }
  return { worker: best, reason: `${used.get(best.id) ?? 0} of its ${best.slots} slots taken` };
}
