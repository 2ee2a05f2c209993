import type { DestinationDriver } from '@guts/core';
import { OpenStackSession } from '@guts/openstack';
import { OpenStackConnection } from './connection.ts';
import { inWords } from './errors.ts';
import { readSettings, SCHEMAS } from './settings.ts';

/** Core's `DestinationDriver` for OpenStack. */
export function createOpenStackDriver(): DestinationDriver {
  return {
    schemas: SCHEMAS,
    connect: (config, { targetProject, signal }) =>
      inWords(async () => {
        const settings = readSettings(config);
        const session = await OpenStackSession.open(settings.cloud, { signal });
        const own = [session.project.id, session.project.name];
        if (targetProject === null || own.includes(targetProject))
          return new OpenStackConnection(session, settings);
        try {
          return new OpenStackConnection(await session.rescope(targetProject, signal), settings);
        } finally {
          await session.close();
        }
      }),
  };
}
