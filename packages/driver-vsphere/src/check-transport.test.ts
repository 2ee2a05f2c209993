import type { Instance } from '@guts/core';
import type { VSphereSession } from '@guts/vsphere';
import { expect, test } from 'vitest';
import { checkTransport } from './check-transport.ts';

const signal = AbortSignal.timeout(30_000);
const parts = { session: {} as VSphereSession, datacenter: 'DC0', host: { address: '127.0.0.1', port: 9 } };
const disk = { key: '2000', label: 'Hard disk 1', delta: true };
const instance = { powerState: 'on', disks: [disk] } as unknown as Instance;

test('an ESXi host that would send the disks but does not answer is a blocker', async () => {
  const findings = await checkTransport(parts, instance, 'lease', signal);
  expect(findings).toMatchObject([
    { severity: 'blocker', code: 'host.unreachable', message: expect.stringContaining('127.0.0.1:9') },
  ]);
});

test('a delta of a snapshot cannot be read by ranges; a running machine is looked at once it is off', async () => {
  expect(await checkTransport(parts, instance, 'datastore', signal)).toMatchObject([
    { severity: 'blocker', code: 'transport.datastore', subject: 'disk:2000' },
  ]);
  const running = { ...instance, disks: [{ ...disk, delta: false }] } as unknown as Instance;
  expect(await checkTransport(parts, running, 'datastore', signal)).toEqual([]);
});
