import { type DiskSession, type DiskStream, GutsError, type InstanceDisk } from '@guts/core';
import { InflateThreads, openStreamVmdk } from '@guts/disk';
import type { ExportLease, LeaseDevice, VirtualDisk, VirtualMachine } from '@guts/vsphere';
import { inWords, toGutsError } from '../errors.ts';

/**
 * The lease's device of a disk: keys end in controller type, bus and unit, like
 * `/vm-42/ParaVirtualSCSIController0:1`. Never by position.
 */
export function deviceOf(devices: readonly LeaseDevice[], disk: VirtualDisk): LeaseDevice | null {
  const suffix = `/${disk.controllerType}${disk.busNumber}:${disk.unitNumber}`;
  const found = devices.filter((device) => device.disk && device.key.endsWith(suffix));
  return found.length === 1 ? (found[0] ?? null) : null;
}

/** Connects only when somebody reads: a connection that waits for its turn would be dropped. */
function lazyStream(
  lease: ExportLease,
  device: LeaseDevice,
  disk: InstanceDisk,
  threads: InflateThreads,
): DiskStream {
  let opened: DiskStream | null = null;
  return {
    kind: 'stream',
    size: disk.capacityBytes,
    capabilities: { randomAccess: false, multiPass: false, knowsMap: false },
    async *chunks(signal) {
      try {
        const body = await lease.open(device, signal);
        opened = await openStreamVmdk(body, { expectedSize: disk.capacityBytes, threads, signal });
        yield* opened.chunks(signal);
      } catch (error) {
        throw toGutsError(error);
      }
    },
    close: async () => {
      await opened?.close();
    },
  };
}

/** Reads disks as the streams of an export lease, which is kept alive meanwhile. */
export function openLeaseDisks(
  lease: ExportLease,
  machine: VirtualMachine,
  disks: readonly InstanceDisk[],
): DiskSession {
  // Started when there is something to inflate.
  const threads = new InflateThreads();
  const open = disks.map((disk) => {
    const virtual = machine.disks.find((one) => String(one.key) === disk.key);
    const device = virtual ? deviceOf(lease.info.devices, virtual) : null;
    if (!device) {
      const offered = lease.info.devices.map((one) => one.key).join(', ');
      throw new GutsError(
        'disk_transport',
        `the export has no stream of ${disk.label}; it offers: ${offered}`,
      );
    }
    return { key: disk.key, source: lazyStream(lease, device, disk, threads) };
  });
  let fraction = 0;
  lease.keepAlive(() => fraction * 100);
  const close = async (): Promise<void> => {
    for (const { source } of open) await source.close();
    await threads.close();
  };
  return {
    transport: 'lease',
    disks: open,
    externalId: lease.ref.value,
    progress: (now) => {
      fraction = now;
    },
    complete: async (signal) => {
      await close();
      await inWords(() => lease.complete(signal));
    },
    abort: async (signal) => {
      await close();
      await inWords(() => lease.abort(signal));
    },
  };
}
