import type { Instance } from '@guts/core';
import type { VSphereSession } from '@guts/vsphere';
import { expect, test } from 'vitest';
import { checkTransport, exportPort } from './check-transport.ts';

const signal = AbortSignal.timeout(30_000);
const host = { address: '127.0.0.1', port: 9, thumbprint: null };
const parts = { session: {} as VSphereSession, datacenter: 'DC0', host, datastoreTypes: new Map() };
const disk = { key: '2000', label: 'Hard disk 1', delta: true };
const instance = { powerState: 'on', disks: [disk] } as unknown as Instance;

test('an ESXi host that would send the disks but does not answer is a blocker', async () => {
  const findings = await checkTransport(parts, instance, 'lease', signal);
  expect(findings).toMatchObject([
    { severity: 'blocker', code: 'host.unreachable', message: expect.stringContaining('127.0.0.1:9') },
  ]);
});

test('exports come from 443, also where vCenter tells the port of the daemon', () => {
  expect([902, 443, 8443].map(exportPort)).toEqual([443, 443, 8443]);
});

test('a delta of a snapshot cannot be read by ranges', async () => {
  expect(await checkTransport(parts, instance, 'datastore', signal)).toMatchObject([
    { severity: 'blocker', code: 'transport.datastore', subject: 'disk:2000' },
  ]);
});
