/** The other side: OpenStack's own command line speaks to the fake. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guestDisk, type Running, start } from './kit.ts';

async function installed(name: string): Promise<boolean> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const found = await access(join(folder, name)).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}

/** Milliseconds: the command takes seconds to start on a busy machine. */
const SLOW = 120_000;
const available = await installed('openstack');
let lab: Running;
beforeAll(async () => {
  lab = await start();
  await lab.cloud.writeCloudsYaml(join(lab.stateDir, 'clouds.yaml'));
  await writeFile(join(lab.stateDir, 'disk.raw'), guestDisk('by-cli'));
});
afterAll(() => lab[Symbol.asyncDispose]());

/** Gives the commands to one process, which starts slowly; answers what it wrote. */
async function openstack(cloud: string, commands: readonly string[]): Promise<{ out: string; err: string }> {
  const child = spawn('openstack', [], {
    cwd: lab.stateDir,
    env: {
      PATH: process.env['PATH'],
      HOME: lab.stateDir,
      OS_CLIENT_CONFIG_FILE: join(lab.stateDir, 'clouds.yaml'),
      OS_CLOUD: cloud,
    },
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')));
  child.stdin.end(`${commands.join('\n')}\n`);
  await once(child, 'close');
  return { out, err };
}

test('the openstack command is there where it is required', () => {
  expect(available || process.env['GUTS_REQUIRE_TOOLS'] !== '1').toBe(true);
});

test.skipIf(!available)(
  'a member uploads, makes a volume, a port and a server, and reads its console',
  async () => {
    const made = await openstack('fake-demo', [
      'image create --disk-format raw --container-format bare --file disk.raw --property hw_disk_bus=virtio cli',
      'volume create --size 1 --image cli --type nfs --property made=by-cli root',
      'port create --network private --fixed-ip ip-address=192.168.77.50 --tag cli nic',
    ]);
    expect(made.err).toBe('');
    const [volume] = [...lab.cloud.volumes.values()];
    await expect.poll(() => volume?.status).toBe('available');
    expect(volume).toMatchObject({ name: 'root', bootable: true, metadata: { made: 'by-cli' } });
    expect([...lab.cloud.ports.values()]).toMatchObject([{ fixedIps: [{ ip_address: '192.168.77.50' }] }]);

    const server = await openstack('fake-demo', [
      'server create --flavor m1.nano --volume root --port nic --property guts=yes vm',
    ]);
    expect(server.err).toBe('');
    const [found] = [...lab.cloud.servers.values()];
    expect(found).toMatchObject({ name: 'vm', metadata: { guts: 'yes' } });
    await expect.poll(() => found?.console).toContain('GUTS-GUEST-READY');

    const used = await openstack('fake-demo', [
      'console log show vm',
      'server list --long -f value -c Status -c Networks',
      'volume list -f value -c Name -c Status',
      'server delete vm',
      'image delete cli',
    ]);
    expect(used.err).toBe('');
    expect(used.out).toContain('GUTS-GUEST-READY id=by-cli');
    expect(used.out).toContain("ACTIVE {'private': ['192.168.77.50']}");
    expect(used.out).toContain('root in-use');
    expect(lab.cloud.images.size).toBe(0);
    await expect.poll(() => lab.cloud.servers.size).toBe(0);
  },
  SLOW,
);

test.skipIf(!available)(
  'an administrator makes flavors and sets quotas',
  async () => {
    const answer = await openstack('fake', [
      'flavor create --ram 64 --vcpus 1 --disk 0 --property hw:cpu_policy=shared tiny',
      'quota set --instances 3 --gigabytes 50 --ports 7 demo',
      'quota show -f json demo',
    ]);
    expect(answer.err).toBe('');
    const demo = await lab.as('demo');
    const limits = async (path: string) => (await demo.call('GET', path)).text;
    expect(await limits('/compute/v2.1/limits')).toContain('"maxTotalInstances":3');
    expect(await limits(`/volume/v3/${demo.projectId}/limits`)).toContain('"maxTotalVolumeGigabytes":50');
    expect(await limits(`/network/v2.0/quotas/${demo.projectId}`)).toContain('"port":7');
    expect(await limits('/compute/v2.1/flavors')).toContain('"name":"tiny"');
  },
  SLOW,
);
