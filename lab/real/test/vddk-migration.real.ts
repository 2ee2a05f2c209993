import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT_LOG } from '@guts/core';
import { createVSphereDriver } from '@guts/driver-vsphere';
import { type Cloud, startCloud } from '@guts/lab-cloud';
import { startVCenter, type VCenter } from '@guts/lab-vcenter';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { compareDisks } from '../../checker/src/compare.ts';
import { migrate, type Run, succeeded } from './support/guts.ts';
import { LIBRARY, nbdkitTelling, type StandIn } from './support/vddk.ts';

/**
 * Whole machines by the transport `vddk`: the built `guts migrate`, real nbdkit with its real plugin, and a stand-in
 * library that reads the fake vCenter's own files; the fake cloud takes them.
 */
vi.setConfig({ testTimeout: 120_000 });
const MIB = 2 ** 20;
const MACHINE = 'web "Ünï" 01';
let folder: string;
let vcenter: VCenter;
let cloud: Cloud;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'guts-vddk-machine-'));
  const guest = Buffer.alloc(8 * MIB);
  guest.writeUInt16LE(0xaa55, 510);
  guest.write('\nGUTS-FAKE-GUEST id=web\n', 4096);
  writeFileSync(join(folder, 'guest.raw'), guest);
  vcenter = await startVCenter({
    stateDir: join(folder, 'vcenter'),
    taskMs: 5,
    shutdownMs: 20,
    // Neither an export nor ranges can read these: a machine with a snapshot on what has no files.
    datastores: [{ name: 'objects', type: 'vsan' }],
    machines: [
      {
        name: MACHINE,
        cpus: 1,
        memoryMiB: 192,
        guestId: 'debian12_64Guest',
        powerState: 'poweredOn',
        toolsRunning: true,
        disks: [
          { sizeBytes: 8 * MIB, source: { file: join(folder, 'guest.raw') }, controller: 'pvscsi' },
          {
            sizeBytes: 24 * MIB,
            source: {
              pattern: 5,
              dataExtents: [
                { offset: 0, length: 3_000_000 },
                { offset: 24 * MIB - 70_000, length: 70_000 },
              ],
            },
            controller: 'pvscsi',
          },
          { sizeBytes: MIB, source: { pattern: 6 }, controller: 'nvme' },
        ],
        nics: [{ mac: '00:50:56:00:00:01', network: 'VM Network' }],
      },
    ],
  });
  cloud = await startCloud({ stateDir: join(folder, 'cloud') });
  await cloud.writeCloudsYaml(join(folder, 'clouds.yaml'));
});
afterEach(async () => {
  await cloud.close();
  await vcenter.close();
  rmSync(folder, { recursive: true });
});

const at = (name: string): string => join(folder, name);

/** What the stand-in finds by the paths that vCenter tells, asked as the driver asks. */
async function writeMap(): Promise<void> {
  const { url, username, password, fingerprintSha256: fingerprint } = vcenter;
  const config = { settings: { url, username, fingerprint }, secret: { password } };
  const { signal } = new AbortController();
  const source = await createVSphereDriver().connect(config, { signal, log: SILENT_LOG });
  try {
    const machine = vcenter.machine(MACHINE);
    const { disks } = await source.inspect(machine.id, signal);
    const files = new Map(machine.disks.map(({ key, path }) => [String(key), path]));
    writeFileSync(at('map'), disks.map(({ key, path }) => `${path}\t${files.get(key)}\n`).join(''));
  } finally {
    await source.close();
  }
}

async function move(
  told: StandIn,
  flags: Readonly<Record<string, string>> = {},
  retrySeconds = 2,
): Promise<Run> {
  await writeMap();
  const { password } = vcenter;
  const program = nbdkitTelling(at('nbdkit'), {
    MAP: at('map'),
    PASSWORD: password,
    LOG: at('log'),
    ...told,
  });
  return migrate(vcenter, {
    instance: MACHINE,
    cloud: 'fake-demo',
    flags: { network: 'private', 'boot-pattern': 'GUTS-GUEST-READY', 'verify-boot': 'require', ...flags },
    env: {
      OS_CLIENT_CONFIG_FILE: at('clouds.yaml'),
      GUTS_VDDK_DIR: LIBRARY,
      GUTS_NBDKIT_PATH: program,
      GUTS_RETRY_SECONDS: String(retrySeconds),
    },
  });
}

async function expectMoved(run: Run): Promise<void> {
  const report = succeeded(run);
  expect(report).toMatchObject({ status: 'completed', verified: true, boot: { proven: true } });
  expect(report.disks.map(({ transport }) => transport)).toEqual(['vddk', 'vddk', 'vddk']);
  const { disks, powerState, snapshots, exporting } = vcenter.machine(MACHINE);
  expect({ powerState, snapshots, exporting }).toEqual({
    powerState: 'poweredOff',
    snapshots: [],
    exporting: false,
  });
  const [server] = cloud.servers.values();
  const [image] = cloud.images.values();
  const sizes = disks.map(({ sizeBytes }) => sizeBytes);
  expect(sizes).toEqual([8 * MIB, 24 * MIB, MIB]);
  const equal = { equal: true, bytes: sizes[0] };
  expect(await compareDisks(disks[0]?.path ?? '', cloud.rootDiskPath(server?.id ?? ''))).toMatchObject(equal);
  // Its map was known before the first byte, so that holes were not sent.
  expect(image).toMatchObject({ diskFormat: 'qcow2' });
  const volumes = [...cloud.volumes.values()].map(({ id }) => cloud.volumePath(id));
  expect(volumes).toHaveLength(2);
  for (const disk of disks.slice(1)) {
    const found = await Promise.all(volumes.map(async (path) => (await compareDisks(disk.path, path)).equal));
    expect(found.filter(Boolean)).toHaveLength(1);
  }
}

test('a machine on a datastore without files is moved by the library, which is told whom to trust', async () => {
  await expectMoved(await move({}));
  const log = readFileSync(at('log'), 'utf8');
  const machine = vcenter.machine(MACHINE);
  expect(log).toContain(`thumbprint=${vcenter.fingerprintSha1} vm=moref=${machine.id} readonly=1 snapshot=-`);
  // Each disk is opened once, and closed.
  for (const what of ['Open ', 'Close', 'Disconnect']) expect(log.split(`\n${what}`)).toHaveLength(4);
  expect(log).not.toContain(vcenter.password);
});

test('a library that crashes once moves it all the same', async () => {
  writeFileSync(at('once'), '');
  await expectMoved(await move({ FAULT: 'crash-at:3000', ONCE: at('once') }, { transport: 'vddk' }));
  expect(readdirSync(folder)).not.toContain('once');
});

describe('a machine is put back as it was', () => {
  test('when the library gives errors for good, and what it said is told', async () => {
    // In the tail of the second disk. The copy itself asks for it again and again, for some 15 seconds.
    const sector = (24 * MIB - 1024) / 512;
    const run = await move({ FAULT: `error-at:${sector}` }, { transport: 'vddk' }, 0);
    expect(run.report).toMatchObject({ status: 'failed' });
    expect(run.text).toContain('the stand-in was told to fail');
    expect(vcenter.machine(MACHINE).powerState).toBe('poweredOn');
    const { servers, ports, images, volumes } = cloud;
    expect([servers.size, ports.size, images.size, volumes.size]).toEqual([0, 0, 0, 0]);
  });

  test('and not touched when nbdkit has no such plugin, which preflight tells with what to do', async () => {
    const run = await migrate(vcenter, {
      instance: MACHINE,
      cloud: 'fake-demo',
      flags: { network: 'private', transport: 'vddk', 'dry-run': '' },
      env: {
        OS_CLIENT_CONFIG_FILE: at('clouds.yaml'),
        GUTS_VDDK_DIR: LIBRARY,
        GUTS_NBDKIT_PATH: '/usr/bin/nbdkit',
      },
    });
    expect(run.code).toBe(6);
    expect(run.text).toContain('transport.vddk');
    expect(run.text).toContain('apt install nbdkit-plugin-vddk');
    expect(vcenter.machine(MACHINE).powerState).toBe('poweredOn');
    expect(readdirSync(folder)).not.toContain('log');
  });
});
