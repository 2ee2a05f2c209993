import { STATUS_RULES, STATUSES, type Store } from '@guts/core';

/** Statuses under which a migration has a worker, or is promised one. */
const HOLDING = STATUSES.filter((status) => STATUS_RULES[status].holds !== 'none');
const PAGE = 1000;

/** How many migrations each worker has, of all projects: what its slots are taken by. */
export async function slotsUsed(store: Pick<Store, 'listMigrations'>): Promise<ReadonlyMap<string, number>> {
  const used = new Map<string, number>();
  let marker: string | undefined;
  for (;;) {
    const page = await store.listMigrations(
      { projectId: null },
      { limit: PAGE, status: HOLDING, ...(marker === undefined ? {} : { marker }) },
    );
    for (const { workerId } of page) if (workerId !== null) used.set(workerId, (used.get(workerId) ?? 0) + 1);
    marker = page.at(-1)?.id;
    if (page.length < PAGE || marker === undefined) return used;
  }
}
