import { openStreamVmdk } from '@guts/disk';
import { startVCenter, type VCenter, type VCenterOptions } from '@guts/lab-vcenter';
import { createSnapshot, type ExportLease, exportSnapshot, exportVm, VSphereSession } from '@guts/vsphere';
import { afterEach, expect, test } from 'vitest';

const MIB = 2 ** 20;
const signal = AbortSignal.timeout(60_000);
let vcenter: VCenter;
let session: VSphereSession;
afterEach(async () => {
  await session.logout();
  await vcenter.close();
});

async function start(powerState: 'poweredOn' | 'poweredOff', options: VCenterOptions = {}) {
  const disks = [{ sizeBytes: 2 * MIB, source: { pattern: 3 } }];
  vcenter = await startVCenter({ machines: [{ name: 'a', powerState, disks }], ...options });
  const { url, username, password, fingerprintSha256: fingerprint } = vcenter;
  session = await VSphereSession.connect({ url, username, password, tls: { fingerprint }, signal });
  const machine = vcenter.machine('a');
  return { machine, vm: { type: 'VirtualMachine', value: machine.id } };
}

/** The exported disk's bytes. */
async function read(lease: ExportLease): Promise<Buffer> {
  const [device] = lease.info.devices;
  if (!device) throw new Error('no device');
  const stream = await openStreamVmdk(await lease.open(device, signal), { expectedSize: 2 * MIB });
  const bytes = Buffer.alloc(stream.size);
  for await (const { offset, data } of stream.chunks(signal)) bytes.set(data, offset);
  await stream.close();
  return bytes;
}

test('a snapshot of a running machine is exported as it was, and does not lock the machine', async () => {
  const { machine, vm } = await start('poweredOn');
  const before = await machine.read(0, 0, 2 * MIB);
  const options = { name: 's', description: '', quiesce: false, signal };
  const snapshot = await createSnapshot(session, vm, options);
  await machine.write(0, 4096, Buffer.alloc(70_000, 1));
  const lease = await exportSnapshot(session, snapshot, signal);
  expect(machine.exporting).toBe(false);
  await machine.write(0, MIB, Buffer.alloc(70_000, 2));
  expect((await read(lease)).equals(before)).toBe(true);
  await lease.complete(signal);
});

test('a lease that names no host is read from the one that answers the session', async () => {
  const { machine, vm } = await start('poweredOff', { leaseHost: 'star' });
  const lease = await exportVm(session, vm, signal);
  expect(lease.info.devices[0]?.url.hostname).toBe('127.0.0.1');
  expect((await read(lease)).equals(await machine.read(0, 0, 2 * MIB))).toBe(true);
  await lease.complete(signal);
});
