import {
  DATASTORE_UNREADABLE,
  type Finding,
  findingOf,
  GutsError,
  HOST_UNREACHABLE,
  HOST_UNTRUSTED,
  type Instance,
  type InstanceDisk,
  messageOf,
  type TransportName,
} from '@guts/core';
import {
  FileRequestError,
  normaliseFingerprint,
  probeCertificate,
  ProtocolError,
  UnreachableError,
  type VSphereSession,
} from '@guts/vsphere';
import { checkVddk } from './check-vddk.ts';
import { checkFlatFile, findFlatFile } from './disks/datastore.ts';
import type { VddkOptions } from './disks/vddk.ts';

const PROBE_SECONDS = 10;
/** The port of hosts' authentication daemon, which speaks no TLS at first. */
const AUTHD_PORT = 902;
/** Of DatastoreSummary.type: those whose disks are flat files. vSAN and vVols keep objects. */
const FILE_DATASTORES: ReadonlySet<string> = new Set(['VMFS', 'NFS', 'NFS41']);

/** The ESXi host that a lease would come from, as vCenter knows it. */
export interface LeaseHost {
  readonly address: string;
  /** HostConfigSummary.port. */
  readonly port: number;
  /** HostConfigSummary.sslThumbprint: SHA-1 or SHA-256. */
  readonly thumbprint: string | null;
}

export interface TransportParts {
  readonly session: VSphereSession;
  readonly datacenter: string;
  /** Null: what answers the session sends the disks. */
  readonly host: LeaseHost | null;
  /** DatastoreSummary.type by reference. */
  readonly datastoreTypes: ReadonlyMap<string, string>;
  /** What this worker has for VDDK. */
  readonly vddk?: VddkOptions | undefined;
}

/** Where a host serves exports: on 443, whatever vCenter tells of its daemon. */
export function exportPort(told: number): number {
  return told === AUTHD_PORT ? 443 : told;
}

/** It must answer from here, and be the one that vCenter knows. */
async function checkLease(host: LeaseHost | null, signal: AbortSignal): Promise<Finding[]> {
  if (!host) return [];
  const { address } = host;
  const port = exportPort(host.port);
  try {
    const shown = await probeCertificate({ host: address, port, timeoutSeconds: PROBE_SECONDS, signal });
    const known = normaliseFingerprint(host.thumbprint ?? '');
    if (known === null || known === shown.sha1 || known === shown.sha256) return [];
    return [
      findingOf(HOST_UNTRUSTED, {
        message: `the ESXi host ${address}:${port} is not the one that vCenter knows: its certificate "${shown.subject}" has SHA-1 ${shown.sha1} and SHA-256 ${shown.sha256}, vCenter expects ${known}`,
      }),
    ];
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    return [
      findingOf(HOST_UNREACHABLE, {
        message: `the ESXi host that would send the disks does not answer: ${error.message}`,
      }),
    ];
  }
}

/** Why a disk cannot be read from its datastore; null when it can, as far as can be seen now. */
async function obstacle(
  { session, datacenter, datastoreTypes }: TransportParts,
  disk: InstanceDisk,
  running: boolean,
  signal: AbortSignal,
): Promise<string | null> {
  if (disk.delta) return 'it is a delta of a snapshot';
  const type = datastoreTypes.get(disk.datastoreRef ?? '');
  if (type !== undefined && !FILE_DATASTORES.has(type))
    return `its datastore is of type ${type}, not one of ${[...FILE_DATASTORES].join(', ')}`;
  try {
    await checkFlatFile(await findFlatFile(session, datacenter, disk, signal), disk, signal);
    return null;
  } catch (error) {
    if (error instanceof FileRequestError) {
      // A machine that runs holds its files: all that is needed is there and may be read.
      if (error.status === 500 && running) return null;
      if (error.status > 500) throw error;
      return messageOf(error);
    }
    if (error instanceof ProtocolError || error instanceof GutsError) return messageOf(error);
    throw error;
  }
}

async function checkDatastore(
  parts: TransportParts,
  instance: Instance,
  signal: AbortSignal,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const disk of instance.disks) {
    const why = await obstacle(parts, disk, instance.powerState !== 'off', signal);
    if (why === null) continue;
    findings.push(
      findingOf(DATASTORE_UNREADABLE, {
        subject: `disk:${disk.key}`,
        message: `${disk.label} cannot be read from its datastore: ${why}`,
      }),
    );
  }
  return findings;
}

/** What a transport cannot do for the instance. */
export function checkTransport(
  parts: TransportParts,
  instance: Instance,
  transport: TransportName,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (transport === 'lease') return checkLease(parts.host, signal);
  if (transport === 'vddk') return checkVddk(parts.vddk, parts.host, signal);
  return checkDatastore(parts, instance, signal);
}
