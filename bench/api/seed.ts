import { randomUUID } from 'node:crypto';
import { specFromWire } from '@guts/api';
import { openStore } from '@guts/store';

const SPEC = specFromWire({
  source: 'vc',
  destination: 'cloud',
  instance: 'machine',
  mapping: { networks: { '*': { network: 'private' } } },
});

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
        await store.createMigration(
          {
            id,
            projectId,
            userId: randomUUID(),
            planId: null,
            name: `machine-${n}`,
            sourceId,
            destinationId,
            instanceRef: `vm-${n}`,
            instanceName: `machine-${n}`,
            targetProject: null,
            mode: 'cold',
            purpose: 'production',
            priority: 0,
            spec: SPEC,
            demand: {
              host: 'host-1',
              datastores: ['datastore-1'],
              streams: 2,
              bytes: 2 ** 35,
              scratchBytes: 0,
            },
          },
          {
            projectId,
            resource: 'migration',
            resourceId: id,
            type: 'migration.created',
            severity: 'information',
            message: 'asked for',
            data: {},
          },
        );
      }
    }
    return ids;
  } finally {
    await store.close();
  }
}
