import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { compareDisks } from '../../../lab/checker/src/compare.ts';
import { LONG_NAME, type Lab, NOTHING, ODD_NAME, guts, useLab } from './lab.ts';

let lab: Lab;
useLab((one) => (lab = one));

describe('guts migrate', { timeout: 60_000 }, () => {
  test('moves a machine whose name is a bad day of its own', async () => {
    const ended = await lab.migrate(ODD_NAME, [
      '--name',
      LONG_NAME,
      '--boot-pattern',
      'GUTS-GUEST-READY',
      '--verify-boot',
      'require',
    ]);
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.out).toContain('completed, verified (1 disk), boot: proven');
    expect(lab.vcenter.machine(ODD_NAME).powerState).toBe('poweredOff');
    const [server] = [...lab.cloud.servers.values()];
    expect(server?.name).toBe(LONG_NAME);
    const source = lab.vcenter.machine(ODD_NAME).disks[0]!.path;
    expect(await compareDisks(source, lab.cloud.rootDiskPath(server!.id))).toMatchObject({ equal: true });
    expect(lab.left()).toEqual({ ports: 1, images: 1, volumes: 0, servers: 1 });
  });

  test('--dry-run shows what it would make, asks both ends, and makes nothing', async () => {
    lab.vcenter.machine(ODD_NAME).setPower('poweredOn');
    const shown = await lab.migrate(ODD_NAME, ['--dry-run']);
    expect(shown).toMatchObject({ code: 0 });
    expect(shown.out).toMatch(/→ \| image, which the server boots from/);
    expect(shown.out).toContain('port on private');
    expect(shown.out).toContain('Nothing was made; without --dry-run it is.');
    expect(shown.out).not.toContain('Not asked here');
    expect(lab.vcenter.machine(ODD_NAME).powerState).toBe('poweredOn');
    expect(lab.left()).toEqual(NOTHING);
    const blocked = await lab.migrate(ODD_NAME, ['--dry-run', '--flavor', 'none']);
    expect(blocked).toMatchObject({ code: 6 });
    expect(blocked.out).toContain("the destination has no flavor 'none'");
  });

  test('--json tells the report and nothing else', async () => {
    lab.vcenter.machine(ODD_NAME).setPower('poweredOn');
    const source = ['--source', lab.vcenter.url, '--fingerprint', lab.vcenter.fingerprintSha256];
    const target = ['--cloud', 'fake-demo', '--network', 'private', '--transport', 'lease'];
    const ended = await guts(['--json', 'migrate', ...source, ...target, '--instance', ODD_NAME], lab.env)
      .ended;
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.out)).toMatchObject({ status: 'completed', verified: true, instance: ODD_NAME });
  });
});

describe('guts all', { timeout: 60_000 }, () => {
  test('says so when its port is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const ended = await guts(['all'], { ...lab.env, GUTS_LISTEN_PORT: String(port) }).ended;
    server.close();
    expect(ended).toMatchObject({
      code: 2,
      err: expect.stringContaining(`port ${port} of 127.0.0.1 is taken`),
    });
  });
});
