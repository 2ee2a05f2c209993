import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ExportLease,
  exportVm,
  FileRequestError,
  UnreachableError,
  VSphereFaultError,
} from '../src/index.ts';
import type { VCenterOptions } from '@guts/lab-vcenter';
import { describe, expect, test } from 'vitest';
import { Peer, signal } from './support.ts';

const MIB = 2 ** 20;
const PROGRESS = 'HttpNfcLeaseProgress';

/** A machine that is being exported, so slowly that its lease would not last without signs of life. */
async function exporting(
  options: VCenterOptions = {},
  bytesPerSecond = MIB / 2,
): Promise<{ peer: Peer; lease: ExportLease; read: Promise<number> }> {
  const peer = await Peer.start({
    machines: [{ name: 'a', disks: [{ sizeBytes: 2 * MIB, source: { pattern: 1 } }] }],
    leaseTimeoutSeconds: 2,
    compressionLevel: 0,
    ...options,
  });
  peer.vcenter.faults.add({ path: '/nfc', kind: 'rate', bytesPerSecond });
  const lease = await exportVm(await peer.connect(), peer.vm('a'), signal);
  const read = async (): Promise<number> => {
    let bytes = 0;
    const [device] = lease.info.devices;
    if (!device) throw new Error('no device');
    for await (const chunk of await lease.open(device, signal)) bytes += chunk.length;
    return bytes;
  };
  lease.keepAlive(() => 50);
  const reading = read();
  // Whoever awaits it hears of it.
  reading.catch(() => undefined);
  return { peer, lease, read: reading };
}

describe('a lease that is kept alive', () => {
  test('outlives its timeout', async () => {
    const { peer, lease, read } = await exporting();
    expect(await read).toBeGreaterThan(2 * MIB);
    expect(peer.vcenter.leases).toMatchObject([{ state: 'ready', progress: 50 }]);
    await lease.complete(signal);
    expect(peer.vcenter.leases).toMatchObject([{ state: 'done' }]);
  });

  test('survives signs of life that are lost, late, or refused for a reason that passes', async () => {
    const { peer, lease, read } = await exporting();
    peer.vcenter.faults.add({ method: PROGRESS, times: 1, kind: 'reset' });
    peer.vcenter.faults.add({ method: PROGRESS, times: 1, after: 2, kind: 'http', status: 503 });
    peer.vcenter.faults.add({
      method: PROGRESS,
      times: 1,
      after: 4,
      kind: 'soapFault',
      name: 'HostCommunication',
    });
    expect(await read).toBeGreaterThan(2 * MIB);
    await lease.complete(signal);
  });

  test('survives the loss of its session', async () => {
    const { peer, lease, read } = await exporting();
    await sleep(300);
    peer.vcenter.expireSessions();
    expect(await read).toBeGreaterThan(2 * MIB);
    await lease.complete(signal);
  });

  test('ends at once when the server says that it is over', async () => {
    const { peer, lease, read } = await exporting();
    peer.vcenter.faults.add({ method: PROGRESS, kind: 'soapFault', name: 'InvalidState' });
    await expect(read).rejects.toBeInstanceOf(VSphereFaultError);
    await lease.abort(signal);
  });

  test('is given up before the server does it when no sign of life arrives', async () => {
    const { peer, lease, read } = await exporting({ leaseTimeoutSeconds: 4 }, MIB / 8);
    peer.vcenter.faults.add({ method: PROGRESS, kind: 'reset' });
    await expect(read).rejects.toBeInstanceOf(UnreachableError);
    expect(peer.vcenter.leases).toMatchObject([{ state: 'ready' }]);
    peer.vcenter.faults.clear();
    await lease.abort(signal);
  });
});

describe('a disk of a lease', () => {
  test('that the server refuses is refused with the status it gave', async () => {
    const { peer, lease, read } = await exporting({}, 64 * MIB);
    await read;
    peer.vcenter.faults.add({ path: '/nfc', kind: 'http', status: 503 });
    const [device] = lease.info.devices;
    if (!device) throw new Error('no device');
    await expect(lease.open(device, signal)).rejects.toThrow('answered HTTP 503 to the export');
    await expect(lease.open(device, signal)).rejects.toBeInstanceOf(FileRequestError);
    await lease.abort(signal);
  });

  test('is not read any more once the lease is closed', async () => {
    const { lease, read } = await exporting();
    await sleep(200);
    await lease.abort(signal);
    await expect(read).rejects.toThrow('it was closed');
  });
});
