import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VCenter } from '@guts/lab-vcenter';
import { compareDisks } from '../../checker/src/compare.ts';
import { counts, type Holdings, newIn, RealCloud } from './support/cloud.ts';
import { migrate, succeeded } from './support/guts.ts';
import { imageFile, volumeFile } from './support/lab.ts';
import { BIOS, MAC, startSource, UEFI } from './support/source.ts';

interface Scenario {
  readonly title: string;
  readonly instance: string;
  readonly cloud: string;
  readonly network: string;
  readonly transport: 'datastore' | 'lease';
  readonly bootFrom: 'image' | 'volume';
  readonly access: 'auto' | 'device' | 'image';
}

const SCENARIOS: readonly Scenario[] = [
  {
    title: 'BIOS, ranges of the datastore, boots from an image, a member on the own network',
    instance: BIOS,
    cloud: 'lab-demo',
    network: 'demo-net',
    transport: 'datastore',
    bootFrom: 'image',
    access: 'image',
  },
  {
    title: 'UEFI, export lease, boots from a volume written as a file, a member on the own network',
    instance: UEFI,
    cloud: 'lab-demo',
    network: 'demo-net',
    transport: 'lease',
    bootFrom: 'volume',
    access: 'device',
  },
  {
    title: 'BIOS, export lease, boots from a volume made from an image, an administrator on a shared network',
    instance: BIOS,
    cloud: 'lab',
    network: 'provider1',
    transport: 'lease',
    bootFrom: 'volume',
    access: 'image',
  },
  {
    title:
      'BIOS, ranges of the datastore, boots from a volume that turns out to be reached as a file, a member on the own network',
    instance: BIOS,
    cloud: 'lab-demo',
    network: 'demo-net',
    transport: 'datastore',
    bootFrom: 'volume',
    access: 'auto',
  },
  {
    title: 'UEFI, ranges of the datastore, boots from an image, an administrator on a shared network',
    instance: UEFI,
    cloud: 'lab',
    network: 'provider1',
    transport: 'datastore',
    bootFrom: 'image',
    access: 'image',
  },
];

let source: VCenter;
beforeAll(async () => {
  source = await startSource();
});
afterAll(async () => {
  await source.close();
});

/** The volumes attached to the server, in the order of their device names. */
async function volumesOf(cloud: RealCloud, made: Holdings, serverId: string): Promise<string[]> {
  const found: [string, string][] = [];
  for (const id of made.volumes.keys()) {
    const volume = await cloud.show('volumev3', `/volumes/${id}`, 'volume');
    const attached = volume['attachments'] as { server_id: string; device: string }[];
    for (const one of attached) if (one.server_id === serverId) found.push([one.device, id]);
  }
  return found.sort(([a], [b]) => a.localeCompare(b)).map(([, id]) => id);
}

test.each(SCENARIOS)('$title', async (scenario) => {
  const { instance, bootFrom } = scenario;
  const cloud = await RealCloud.open(scenario.cloud);
  const before = await cloud.holdings();
  const machine = source.machine(instance);
  const name = `real-${bootFrom}-${instance === BIOS ? 'bios' : 'uefi'}`;
  const ready = `GUTS-GUEST-READY id=guts-${instance === BIOS ? 'bios' : 'uefi'}`;
  try {
    const run = await migrate(source, {
      instance,
      cloud: scenario.cloud,
      flags: {
        name,
        network: scenario.network,
        transport: scenario.transport,
        'boot-from': bootFrom,
        'volume-access': scenario.access,
        'verify-boot': 'require',
        'boot-seconds': '240',
        'boot-pattern': ready,
      },
    });
    const report = succeeded(run);
    expect(report).toMatchObject({ status: 'completed', verified: true, boot: { proven: true } });
    for (const disk of report.disks) expect(disk.transport).toBe(scenario.transport);

    // The source: off, never deleted, nothing held.
    expect(machine.powerState).toBe('poweredOff');
    expect(machine.exporting).toBe(false);
    expect(machine.snapshots).toEqual([]);

    // The cloud: what the server needs, and nothing else.
    const made = newIn(await cloud.holdings(), before);
    const volumes = bootFrom === 'image' ? 1 : 2;
    expect(counts(made)).toEqual({
      servers: 1,
      ports: 1,
      images: bootFrom === 'image' ? 1 : 0,
      volumes,
      snapshots: 0,
      attachments: volumes,
    });
    const serverId = [...made.servers.keys()][0] ?? '';
    expect(report.server_id).toBe(serverId);
    expect(await cloud.server(serverId)).toMatchObject({ name, status: 'ACTIVE' });
    const port = await cloud.show('network', `/v2.0/ports/${[...made.ports.keys()][0]}`, 'port');
    expect(port).toMatchObject({ mac_address: MAC[instance], device_id: serverId, status: 'ACTIVE' });

    // The guest says who it is, which firmware started it and which MAC its NIC has.
    const console = await cloud.console(serverId);
    expect(console).toContain(ready);
    expect(console).toContain(`firmware=${instance === BIOS ? 'bios' : 'uefi'}`);
    const address = (port['fixed_ips'] as { ip_address: string }[])[0]?.ip_address;
    expect(console).toMatch(new RegExp(`GUTS-GUEST-NIC .*mac=${MAC[instance]} .*ip=${address}`));

    // The data disk, which the guest never touches: every byte, read where Cinder keeps it.
    const attached = await volumesOf(cloud, made, serverId);
    expect(attached).toHaveLength(volumes);
    const dataDisk = machine.disks[1]?.path ?? '';
    expect(await compareDisks(dataDisk, volumeFile(attached.at(-1) ?? ''))).toMatchObject({
      equal: true,
      firstDifference: null,
    });
    // So is the image it booted from, which no server writes to.
    for (const id of made.images.keys())
      expect(await compareDisks(machine.disks[0]?.path ?? '', imageFile(id))).toMatchObject({ equal: true });
  } finally {
    await cloud.removeNew(before);
    if (machine.powerState !== 'poweredOn') machine.setPower('poweredOn');
  }
});
