import type { DestinationDriver } from '@guts/core';
import { type Around, OpenStackSession } from '@guts/openstack';
import { OpenStackConnection } from './connection.ts';
import { inWords } from './errors.ts';
import type { HostFiles } from './host-files.ts';
import { readSettings, SCHEMAS } from './settings.ts';

/**
 * Core's `DestinationDriver` for OpenStack. @param host which of its files a cloud may name as volumes
 * @param around stands around every request to a service
 */
export function createOpenStackDriver(host: HostFiles, around?: Around): DestinationDriver {
  return {
    schemas: SCHEMAS,
    connect: (config, { targetProject, signal, check }) =>
      inWords(async () => {
        const settings = readSettings(config);
        const session = await OpenStackSession.open(settings.cloud, {
          signal,
          ...(check ? { check } : {}),
          ...(around ? { around } : {}),
        });
        const own = [session.project.id, session.project.name];
        if (targetProject === null || own.includes(targetProject))
          return new OpenStackConnection(session, settings, host);
        try {
          return new OpenStackConnection(await session.rescope(targetProject, signal), settings, host);
        } finally {
          await session.close();
        }
      }),
  };
}
