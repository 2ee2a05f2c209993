/**
 * "Boots" a server: really reads its boot disk. A disk that starts like a BIOS or a UEFI disk (as the firmware asks
 * for), and holds a line `GUTS-FAKE-GUEST id=<x>` in its first MiB, is a guest, which says who it is on the console;
 * anything else is "No bootable device.". So a wrong firmware property or a broken copy shows as on a real cloud.
 */
import { stat } from 'node:fs/promises';
import { openDisk } from '../disk/disk.ts';
import type { World } from '../world.ts';
import type { Server } from './state.ts';

const FRONT_BYTES = 2 ** 20;
const SECTOR = 512;

async function front(path: string): Promise<{ bytes: Buffer; size: number }> {
  const disk = await openDisk(path, 'raw');
  try {
    return { bytes: await disk.read(0, FRONT_BYTES), size: disk.size };
  } finally {
    await disk.close();
  }
}

function bootable(bytes: Buffer, firmware: string): boolean {
  if (firmware === 'uefi') return bytes.toString('latin1', SECTOR, SECTOR + 8) === 'EFI PART';
  return bytes.length >= SECTOR && bytes[510] === 0x55 && bytes[511] === 0xaa && !bootable(bytes, 'uefi');
}

function guestId(bytes: Buffer): string | null {
  return /(?:^|\n)GUTS-FAKE-GUEST id=([^\n]+)\n/.exec(bytes.toString('utf8'))?.[1] ?? null;
}

/** Path and size of the disks in the order the guest sees them, the boot disk first. */
async function disks(world: World, server: Server): Promise<{ path: string; size: number }[]> {
  const boot = server.volumes.find((one) => one.bootIndex === 0);
  const rest = server.volumes.filter((one) => one !== boot);
  const paths = [
    boot ? world.volumePath(boot.volumeId) : world.rootDiskPath(server.id),
    ...rest.map((one) => world.volumePath(one.volumeId)),
  ];
  return Promise.all(paths.map(async (path) => ({ path, size: (await stat(path)).size })));
}

/** The text that the serial console shows once the guest is up, or why it is not. */
export async function consoleText(world: World, server: Server): Promise<string> {
  const firmware = server.imageProperties['hw_firmware_type'] ?? 'bios';
  const lines = [firmware === 'uefi' ? 'BdsDxe: starting Boot0001' : 'SeaBIOS (fake cloud)'];
  const all = await disks(world, server);
  const [boot] = all;
  const bytes = boot ? (await front(boot.path)).bytes : Buffer.alloc(0);
  const id = bootable(bytes, firmware) ? guestId(bytes) : null;
  if (id === null) return [...lines, 'No bootable device.', ''].join('\n');
  lines.push('[    0.000000] Linux version fake', `GUTS-GUEST-BOOT id=${id} firmware=${firmware}`);
  for (const [index, disk] of all.entries())
    lines.push(`GUTS-GUEST-DISK name=vd${String.fromCharCode(97 + index)} bytes=${disk.size}`);
  for (const [index, portId] of server.portIds.entries()) {
    const port = world.network.ports.get(portId);
    if (port)
      lines.push(
        `GUTS-GUEST-NIC name=eth${index} mac=${port.macAddress} ip=${port.fixedIps[0]?.ip_address ?? '-'}`,
      );
  }
  lines.push(`GUTS-GUEST-READY id=${id}`, '', `${id} login: `);
  return lines.join('\n');
}
