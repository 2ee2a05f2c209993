import { type Finding, SILENT_LOG, type SourceConnection, type TransportName } from '@guts/core';
import { startVCenter, type VCenter, type VCenterOptions } from '@guts/lab-vcenter';
import { afterEach, describe, expect, test } from 'vitest';
import { createVSphereDriver } from '../src/index.ts';

const signal = AbortSignal.timeout(60_000);
let vcenter: VCenter;
let source: SourceConnection;
afterEach(async () => {
  await source.close();
  await vcenter.close();
});

async function start(options: VCenterOptions = {}): Promise<void> {
  const disk = { sizeBytes: 2 ** 20 };
  vcenter = await startVCenter({
    machines: [
      { name: 'running', powerState: 'poweredOn', disks: [disk] },
      { name: 'off', disks: [disk] },
    ],
    ...options,
  });
  const { url, username, password, fingerprintSha256: fingerprint } = vcenter;
  const config = { settings: { url, username, fingerprint }, secret: { password } };
  source = await createVSphereDriver().connect(config, { signal, log: SILENT_LOG });
}

async function check(name: string, transport: TransportName): Promise<readonly Finding[]> {
  const instance = await source.inspect(vcenter.machine(name).id, signal);
  return source.checkTransport(instance, transport, signal);
}

describe('what the datastore transport needs is looked at while the machine runs', () => {
  test('and that its file is locked is no matter', async () => {
    await start();
    expect(await check('running', 'datastore')).toEqual([]);
    expect(await check('off', 'datastore')).toEqual([]);
  });

  test.for([
    [401, '/folder/running/running-flat.vmdk'],
    [403, '/folder/running/running-flat.vmdk'],
    [404, '/folder/running/running-flat.vmdk'],
    [403, '/folder/running/running.vmdk'],
  ] as const)('HTTP %i to %s is a blocker', async ([status, path]) => {
    await start();
    vcenter.faults.add({ path, kind: 'http', status });
    expect(await check('running', 'datastore')).toMatchObject([
      {
        severity: 'blocker',
        code: 'transport.datastore',
        subject: 'disk:2000',
        message: expect.stringContaining(`HTTP ${status}`) as unknown,
      },
    ]);
    expect(await check('off', 'datastore')).toEqual([]);
  });

  test('a server that is away is a failure that passes, not a finding', async () => {
    await start();
    vcenter.faults.add({ path: '/folder', kind: 'http', status: 503 });
    await expect(check('running', 'datastore')).rejects.toMatchObject({ transient: true });
  });

  test.for(['vsan', 'VVOL'] as const)('a disk on %s', async (type) => {
    await start({ datastores: [{ name: 'objects', type }] });
    const [finding] = await check('running', 'datastore');
    expect(finding).toMatchObject({ severity: 'blocker', code: 'transport.datastore' });
    expect(finding?.message).toContain(`type ${type}`);
  });

  test('a disk on NFS 4.1', async () => {
    await start({ datastores: [{ name: 'nfs', type: 'NFS41' }] });
    expect(await check('running', 'datastore')).toEqual([]);
  });
});

describe('the host that a lease comes from', () => {
  test('is the one that vCenter knows', async () => {
    await start();
    expect(await check('running', 'lease')).toEqual([]);
  });

  test('or is a blocker, with the fingerprints for comparing', async () => {
    const other = Array.from({ length: 20 }, () => 'AB').join(':');
    await start({ hostThumbprint: other });
    const [finding] = await check('running', 'lease');
    expect(finding).toMatchObject({ severity: 'blocker', code: 'host.untrusted' });
    for (const shown of [other, vcenter.esxiFingerprintSha1, vcenter.esxiFingerprintSha256])
      expect(finding?.message).toContain(shown);
  });
});
