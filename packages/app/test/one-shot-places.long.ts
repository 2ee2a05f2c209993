import { afterEach, describe, expect, test } from 'vitest';
import { compareDisks } from '../../../lab/checker/src/compare.ts';
import { ADDRESS, type Lab, NOTHING, useLab } from './lab.ts';

let lab: Lab;
useLab((one) => (lab = one));
afterEach(() => lab.vcenter.machine('addressed').setPower('poweredOn'));

describe('guts migrate', { timeout: 60_000 }, () => {
  test("moves into another project of the administrator's, and keeps the address that the guest had", async () => {
    const ended = await lab.migrate('addressed', [
      '--cloud',
      'fake',
      '--target-project',
      'demo',
      '--keep-ip',
      '--boot-pattern',
      'GUTS-GUEST-READY',
      '--verify-boot',
      'require',
    ]);
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.out).toContain('completed, verified (2 disks), boot: proven');

    const { servers, ports, images, volumes } = lab.cloud.state();
    const everything = [...servers, ...ports, ...images, ...volumes];
    expect(everything).toHaveLength(4);
    // One project holds it all: the owner of the network that the credential's own does not see.
    const demo = [...lab.cloud.ports.values()][0]?.projectId;
    expect(everything.map((one) => one.project)).toEqual(everything.map(() => demo));
    const member = await lab.migrate('web', ['--skip-nic', '00:50:56:00:00:01']);
    expect(member).toMatchObject({ code: 0 });
    expect(lab.cloud.state().servers.map((one) => one.project)).toEqual([demo, demo]);

    const [port] = lab.cloud.ports.values();
    expect(port).toMatchObject({ macAddress: '00:50:56:00:00:02' });
    expect(port?.fixedIps.map((one) => one.ip_address)).toEqual([ADDRESS]);
    const { disks } = lab.vcenter.machine('addressed');
    const [server] = servers;
    const [volume] = volumes;
    expect(await compareDisks(disks[0]!.path, lab.cloud.rootDiskPath(server!.id))).toMatchObject({
      equal: true,
    });
    expect(await compareDisks(disks[1]!.path, lab.cloud.volumePath(volume!.id))).toMatchObject({
      equal: true,
    });
  });

  test.for([
    [
      'an address in no subnet',
      ['--network', 'provider1'],
      /192\.168\.77\.2 lies in no subnet of network provider1/,
      6,
    ],
    ['a project that does not exist', ['--target-project', 'moon'], /moon/, 8],
  ] as const)('refuses %s', async ([, options, words, code]) => {
    const ended = await lab.migrate('addressed', [
      '--cloud',
      'fake',
      '--target-project',
      'demo',
      '--keep-ip',
      ...options,
    ]);
    expect(ended.out + ended.err).toMatch(words);
    expect(ended.code).toBe(code);
    expect(lab.left()).toEqual(NOTHING);
    expect(lab.vcenter.machine('addressed').powerState).toBe('poweredOn');
  });

  test('refuses an address that another has', async () => {
    expect(await lab.migrate('addressed', ['--keep-ip'])).toMatchObject({ code: 0 });
    lab.vcenter.machine('addressed').setPower('poweredOn');
    const again = await lab.migrate('addressed', ['--keep-ip', '--no-keep-mac']);
    expect(again).toMatchObject({ code: 6 });
    expect(again.out).toMatch(/192\.168\.77\.2 is taken on network/);
    expect(lab.left()).toEqual({ ports: 1, images: 1, volumes: 1, servers: 1 });
    expect(lab.vcenter.machine('addressed').powerState).toBe('poweredOn');
  });

  test('refuses to keep addresses that the guest does not tell', async () => {
    const ended = await lab.migrate('web', ['--keep-ip']);
    expect(ended.out).toMatch(/the guest reports none/);
    expect(ended.code).toBe(6);
    expect(lab.left()).toEqual(NOTHING);
  });

  test('refuses a disk of 0 bytes, which may be left out', async () => {
    const ended = await lab.migrate('hollow');
    expect(ended.out).toMatch(/Hard disk 2 has a capacity of 0 bytes/);
    expect(ended.out).toMatch(/--skip-disk/);
    expect(ended.code).toBe(6);
    expect(lab.left()).toEqual(NOTHING);
    expect(lab.vcenter.machine('hollow')).toMatchObject({
      powerState: 'poweredOn',
      exporting: false,
      annotation: '',
    });
    const key = String(lab.vcenter.machine('hollow').disks[1]?.key);
    expect(await lab.migrate('hollow', ['--skip-disk', key])).toMatchObject({ code: 0 });
    expect(lab.left()).toEqual({ ports: 1, images: 1, volumes: 0, servers: 1 });
  });
});
