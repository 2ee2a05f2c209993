import { randomUUID } from 'node:crypto';
import { openStore } from '@guts/store';
import { madeEvent, newMigration } from '../new-migration.ts';

/**
 * Makes so many migrations in each project of an empty database.
 * @param counts by project
 * @returns the ids of those of the first project
 */
export async function seed(
  databaseUrl: string,
  counts: Readonly<Record<string, number>>,
): Promise<readonly string[]> {
  const store = await openStore({ url: databaseUrl });
  try {
    await store.upgrade();
    const ids: string[] = [];
    const [first] = Object.keys(counts);
    for (const [projectId, count] of Object.entries(counts)) {
      const [sourceId, destinationId] = [randomUUID(), randomUUID()];
      for (let n = 0; n < count; n += 1) {
        const id = randomUUID();
        if (projectId === first) ids.push(id);
        const name = `machine-${n}`;
        await store.createMigration(
          newMigration({
            id,
            projectId,
            userId: randomUUID(),
            name,
            sourceId,
            destinationId,
            instanceRef: `vm-${n}`,
            instanceName: name,
            demand: {
              host: 'host-1',
              datastores: ['datastore-1'],
              streams: 2,
              bytes: 2 ** 35,
              scratchBytes: 0,
            },
          }),
          madeEvent('migration', id, projectId),
        );
      }
    }
    return ids;
  } finally {
    await store.close();
  }
}
