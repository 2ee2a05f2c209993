import { type ApiClient, routes } from '@guts/contract';
import { compareDisks } from '../../checker/src/compare.ts';
import type { Expected } from './scenario.ts';
import { NOTES, type Stack } from './stack.ts';

/** What is wrong after a run, by kind. */
export interface Wrongs {
  readonly ends: readonly string[];
  readonly leaks: readonly string[];
  readonly corrupt: readonly string[];
}

/**
 * Looks at both sides itself, not at what GUTS says of them: the source's power, tracking, snapshots, leases and
 * notes; everything in the cloud, of which nothing may be there but what the journal holds; every byte.
 */
export async function check(
  { client, stack }: { readonly client: ApiClient; readonly stack: Stack },
  id: string,
  name: string,
  expected: Expected,
): Promise<Wrongs> {
  const { vcenter, cloud } = stack;
  const ends: string[] = [];
  const leaks: string[] = [];
  const corrupt: string[] = [];
  const { migration } = await client.call(routes.migrations.show, { params: { id } });
  const { artifacts } = await client.call(routes.migrations.artifacts, { params: { id } });
  if (migration.status !== expected.status)
    ends.push(`it is ${migration.status} (${migration.error?.message ?? ''}) instead of ${expected.status}`);
  const residues = (migration.error?.details as { residues?: unknown } | undefined)?.residues;
  if (residues !== undefined) ends.push(`residues: ${JSON.stringify(residues)}`);

  const machine = vcenter.machine(name);
  const power = machine.powerState === 'poweredOn' ? 'on' : 'off';
  if (power !== expected.source) ends.push(`the source is ${power} instead of ${expected.source}`);
  if (machine.changeTracking.wanted) leaks.push('change tracking was left on');
  for (const snapshot of machine.snapshots) leaks.push(`snapshot ${snapshot.name} was left`);
  if (machine.exporting) leaks.push('an export lease is held');
  const marked = machine.annotation.split(migration.id).length - 1;
  if (marked !== (expected.marked === true ? 1 : 0)) ends.push(`the notes tell of it ${marked} times`);
  if (!machine.annotation.startsWith(NOTES)) ends.push('the notes were lost');

  const known = new Set(
    artifacts
      .filter((one) => one.status === 'created' || one.status === 'released')
      .map((one) => one.external_id),
  );
  const wanted = expected.target === 'none' ? 0 : 1;
  const servers = [...cloud.servers.values()].filter((one) => one.name === name);
  if (servers.length !== wanted) leaks.push(`${servers.length} servers instead of ${wanted}`);
  for (const server of servers) {
    const state = expected.target === 'parked' ? 'SHUTOFF' : 'ACTIVE';
    if (server.status !== state) ends.push(`the server is ${server.status} instead of ${state}`);
  }
  const things: readonly (readonly [string, Iterable<{ id: string; name: string | null }>])[] = [
    ['server', servers],
    ['volume', cloud.volumes.values()],
    ['image', cloud.images.values()],
    ['port', cloud.ports.values()],
  ];
  for (const [kind, all] of things)
    for (const one of all)
      if (one.name?.startsWith(name) === true && (wanted === 0 || !known.has(one.id)))
        leaks.push(`${kind} ${one.id} (${one.name})`);

  const [server] = servers;
  if (wanted === 1 && server)
    for (const disk of machine.disks) {
      const volume = artifacts.find((one) => one.role === `volume:${disk.key}` && known.has(one.external_id));
      const target = volume?.external_id
        ? cloud.volumePath(volume.external_id)
        : cloud.rootDiskPath(server.id);
      const { equal, firstDifference } = await compareDisks(disk.path, target);
      if (!equal) corrupt.push(`disk ${disk.key} differs at byte ${firstDifference}`);
    }
  return { ends, leaks, corrupt };
}
