import { type Finding, GutsError, type Instance, messageOf, type TransportName } from '@guts/core';
import { FileRequestError, probeCertificate, UnreachableError, type VSphereSession } from '@guts/vsphere';
import { openFlatFile } from './disks/datastore.ts';

const PROBE_SECONDS = 10;

/** The ESXi host that a lease would come from must answer from here. */
async function checkLease(
  host: { readonly address: string; readonly port: number } | null,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (!host) return [];
  try {
    await probeCertificate({ host: host.address, port: host.port, timeoutSeconds: PROBE_SECONDS, signal });
    return [];
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    return [
      {
        severity: 'blocker',
        code: 'host.unreachable',
        subject: 'instance',
        message: `the ESXi host that would send the disks does not answer: ${error.message}`,
        remedy: 'Let the worker reach it on port 443 (and resolve its name), or use the datastore transport.',
      },
    ];
  }
}

async function checkDatastore(
  session: VSphereSession,
  datacenter: string,
  instance: Instance,
  signal: AbortSignal,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const disk of instance.disks) {
    const block = (message: string): void => {
      findings.push({
        severity: 'blocker',
        code: 'transport.datastore',
        subject: `disk:${disk.key}`,
        message: `${disk.label} cannot be read from its datastore: ${message}`,
        remedy: 'Use the lease transport (--transport lease).',
      });
    };
    if (disk.delta) {
      block('it is a delta of a snapshot');
      continue;
    }
    // A running machine locks its files: that they can be read is seen once it is off.
    if (instance.powerState !== 'off') continue;
    try {
      await openFlatFile(session, datacenter, disk, signal);
    } catch (error) {
      if (!(error instanceof FileRequestError || error instanceof GutsError)) throw error;
      block(messageOf(error));
    }
  }
  return findings;
}

/** What a transport cannot do for the instance. */
export function checkTransport(
  parts: {
    readonly session: VSphereSession;
    readonly datacenter: string;
    readonly host: { readonly address: string; readonly port: number } | null;
  },
  instance: Instance,
  transport: TransportName,
  signal: AbortSignal,
): Promise<Finding[]> {
  return transport === 'lease'
    ? checkLease(parts.host, signal)
    : checkDatastore(parts.session, parts.datacenter, instance, signal);
}
