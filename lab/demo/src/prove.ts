import { type ApiClient, type Report, routes } from '@guts/contract';
import type { Cloud } from '@guts/lab-cloud';
import type { VCenter } from '@guts/lab-vcenter';
import { compareDisks } from '../../checker/src/compare.ts';

export interface Proof {
  readonly report: Report;
  readonly bytesCompared: number;
  /** What is wrong; empty when all is well. */
  readonly faults: readonly string[];
}

/**
 * Looks at both sides itself: the machine is off, its server runs, and every byte of every disk is what it was.
 * The comparing shares no code with what copied.
 */
export async function prove(client: ApiClient, id: string, vcenter: VCenter, cloud: Cloud): Promise<Proof> {
  const { report } = await client.call(routes.migrations.report, { params: { id } });
  const { artifacts } = await client.call(routes.migrations.artifacts, { params: { id } });
  const machine = vcenter.machine(report.instance);
  const faults: string[] = [];
  if (report.status !== 'completed') faults.push(`it is ${report.status}`);
  if (!report.verified) faults.push('GUTS itself did not verify it');
  if (report.boot?.proven !== true) faults.push('its boot is not proven');
  if (machine.powerState !== 'poweredOff') faults.push(`the source is ${machine.powerState}`);
  const server = report.server_id === null ? undefined : cloud.servers.get(report.server_id);
  if (server?.status !== 'ACTIVE') faults.push(`the server is ${server?.status ?? 'not there'}`);
  let bytesCompared = 0;
  for (const disk of machine.disks) {
    const volume = artifacts.find((one) => one.role === `volume:${disk.key}` && one.status === 'created');
    const volumeId = volume?.external_id ?? null;
    const target = volumeId === null ? cloud.rootDiskPath(server?.id ?? '') : cloud.volumePath(volumeId);
    const { equal, bytes, firstDifference } = await compareDisks(disk.path, target);
    bytesCompared += bytes;
    if (!equal) faults.push(`disk ${disk.key} differs at byte ${firstDifference}`);
  }
  return { report, bytesCompared, faults };
}
