import { type SourceDriver, TRANSPORTS } from '@guts/core';
import { type Around, VSphereSession } from '@guts/vsphere';
import type { VddkOptions } from './disks/vddk.ts';
import { VSphereConnection } from './connection.ts';
import { inWords } from './errors.ts';
import { readSettings, SCHEMAS } from './settings.ts';

/**
 * Core's `SourceDriver` for VMware vSphere.
 * @param around stands around every call
 * @param vddk what this worker has for the transport `vddk`; without it that is refused
 */
export function createVSphereDriver(around?: Around, vddk?: VddkOptions): SourceDriver {
  return {
    schemas: { ...SCHEMAS, transports: TRANSPORTS.filter((name) => name !== 'vddk' || vddk !== undefined) },
    transports: [
      { name: 'lease', randomAccess: false, multiPass: false, whileRunning: false },
      { name: 'datastore', randomAccess: true, multiPass: true, whileRunning: false },
      { name: 'vddk', randomAccess: true, multiPass: true, whileRunning: false },
    ],
    connect: (config, context) =>
      inWords(async () => {
        const settings = readSettings(config);
        const { signal, check } = context;
        const session = await VSphereSession.connect({
          url: settings.url,
          username: settings.username,
          password: settings.password,
          tls: {
            ...(settings.ca === undefined ? {} : { ca: settings.ca }),
            ...(settings.fingerprint === undefined ? {} : { fingerprint: settings.fingerprint }),
            ...(settings.insecure ? { insecure: true } : {}),
          },
          signal,
          ...(check ? { check } : {}),
          ...(around ? { around } : {}),
        });
        return new VSphereConnection(session, settings, context, vddk);
      }),
  };
}
