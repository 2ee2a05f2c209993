import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VCenter } from '@guts/lab-vcenter';
import { compareDisks } from '../../checker/src/compare.ts';
import { counts, newIn, RealCloud } from './support/cloud.ts';
import { migrate, succeeded } from './support/guts.ts';
import { imageFile, volumeFile } from './support/lab.ts';
import { guest, ODD, startSource } from './support/source.ts';

const MAC = '00:50:56:1f:7a:03';
/** 200 characters that every service takes, and around them what none does: blanks, and a sign beyond U+FFFF. */
const NAME = '"Ünï/cödé" 100% \\ 東京 \'ß\' '.repeat(10).slice(0, 199) + 'x';
const ASKED = ` ${NAME} 🚀`;

let source: VCenter;
let admin: RealCloud;
let demo: RealCloud;
/** Address of the guest at the source: in the subnet of demo's network, outside of what DHCP gives out. */
let ip: string;
beforeAll(async () => {
  admin = await RealCloud.open('lab');
  demo = await RealCloud.open('lab-demo');
  const cidr = await demo.cidrOf('demo-net');
  ip = cidr.replace(/\.0\/24$/, '.42');
  source = await startSource([{ ...guest(ODD, 'bios', 7), nics: [{ mac: MAC, network: 'VM Network', ip }] }]);
});
afterAll(async () => {
  await source.close();
});

test("an odd name, the source's address and another project, by an administrator's password", async () => {
  const before = { admin: await admin.holdings(), demo: await demo.holdings() };
  const machine = source.machine(ODD);
  try {
    const run = await migrate(source, {
      instance: ODD,
      cloud: 'lab',
      flags: {
        name: ASKED,
        'target-project': 'demo',
        network: 'demo-net',
        'keep-ip': '',
        transport: 'datastore',
        'verify-boot': 'require',
        'boot-seconds': '240',
        'boot-pattern': 'GUTS-GUEST-READY id=guts-bios',
      },
    });
    const report = succeeded(run);
    expect(report).toMatchObject({ status: 'completed', verified: true, boot: { proven: true } });
    expect(machine.powerState).toBe('poweredOff');

    // Everything is the target project's, and nothing the credential's own.
    const made = newIn(await demo.holdings(), before.demo);
    const whole = { servers: 1, ports: 1, images: 1, volumes: 1, snapshots: 0, attachments: 1 };
    expect(counts(made)).toEqual(whole);
    expect(newIn(await admin.holdings(), before.admin)).toEqual(newIn(before.admin, before.admin));
    const [serverId = ''] = made.servers.keys();
    expect(report.server_id).toBe(serverId);
    const [volumeId = ''] = made.volumes.keys();
    const [imageId = ''] = made.images.keys();
    const [portId = ''] = made.ports.keys();
    const tenant = demo.projectId;
    expect(await demo.server(serverId)).toMatchObject({ name: NAME, status: 'ACTIVE', tenant_id: tenant });
    const volume = await demo.show('volumev3', `/volumes/${volumeId}`, 'volume');
    expect(volume['name']).toMatch(/^"Ünï\/cödé" 100% .* Hard disk 2$/);
    expect(await demo.request('GET', 'image', `/v2/images/${imageId}`)).toMatchObject({
      owner: tenant,
      name: NAME,
    });

    // The guest has the MAC and the address that it had at the source.
    const port = await demo.show('network', `/v2.0/ports/${portId}`, 'port');
    expect(port).toMatchObject({
      project_id: tenant,
      mac_address: MAC,
      device_id: serverId,
      fixed_ips: [{ ip_address: ip }],
    });
    expect(await demo.console(serverId)).toMatch(new RegExp(`GUTS-GUEST-NIC .*mac=${MAC} .*ip=${ip}\\b`));
    for (const [disk, file] of [imageFile(imageId), volumeFile(volumeId)].entries())
      expect(await compareDisks(machine.disks[disk]?.path ?? '', file)).toMatchObject({ equal: true });
  } finally {
    await demo.removeNew(before.demo);
    await admin.removeNew(before.admin);
  }
});

test('an address that is taken, or in none of the subnets, is refused before anything is read', async () => {
  const network_id = await demo.networkId('demo-net');
  const port = { network_id, name: 'guts-real-taken', fixed_ips: [{ ip_address: ip }] };
  const taken = (await demo.request('POST', 'network', '/v2.0/ports', { port }))?.['port'] as { id: string };
  const before = await demo.holdings();
  const machine = source.machine(ODD);
  machine.setPower('poweredOn');
  try {
    for (const [network, says] of [
      ['provider1', new RegExp(`${ip} lies in no subnet of network provider1`)],
      ['demo-net', new RegExp(`${ip} is taken`)],
    ] as const) {
      const flags = { 'target-project': 'demo', network, 'keep-ip': '', 'verify-boot': 'off' };
      const { report } = await migrate(source, { instance: ODD, cloud: 'lab', flags });
      expect(report).toMatchObject({ status: 'failed', summary: expect.stringMatching(says) as string });
      expect(report?.steps.map((one) => one.step)).not.toContain('shutdown');
      expect(machine.powerState).toBe('poweredOn');
      expect(newIn(await demo.holdings(), before)).toEqual(newIn(before, before));
    }
  } finally {
    await demo.request('DELETE', 'network', `/v2.0/ports/${taken.id}`);
  }
});
