import { join } from 'node:path';
import type { NewMigration } from '@guts/contract';
import type { MachineSpec } from '@guts/lab-vcenter';
import { writeGuestDisk } from './guests.ts';

export interface DemoMachine {
  readonly spec: MachineSpec;
  /** How it is moved, beside source, destination and instance. */
  readonly move: Partial<NewMigration>;
}

const MIB = 2 ** 20;

async function machine(
  folder: string,
  facts: {
    readonly name: string;
    readonly id: string;
    readonly firmware: 'bios' | 'efi';
    readonly mac: string;
    readonly disks: readonly (readonly [sizeMiB: number, dataMiB: number])[];
    readonly move: Partial<NewMigration>;
  },
): Promise<DemoMachine> {
  const disks = [];
  for (const [index, [sizeMiB, dataMiB]] of facts.disks.entries()) {
    const file = join(folder, `${facts.id}-${index}.raw`);
    const firmware = facts.firmware === 'efi' ? 'uefi' : 'bios';
    await writeGuestDisk(file, { sizeMiB, dataMiB, guest: index === 0 ? { id: facts.id, firmware } : null });
    disks.push({ sizeBytes: sizeMiB * MIB, source: { file }, controller: 'pvscsi' as const, thin: true });
  }
  return {
    spec: {
      name: facts.name,
      firmware: facts.firmware,
      cpus: 1,
      memoryMiB: 512,
      guestId: 'debian12_64Guest',
      guestFullName: 'Debian GNU/Linux 12 (64-bit)',
      powerState: 'poweredOn',
      toolsRunning: true,
      folder: ['Production'],
      disks,
      nics: [{ mac: facts.mac, network: 'VM Network', ip: '192.168.77.9' }],
    },
    move: {
      ...facts.move,
      policies: { verify_boot: 'require', boot_pattern: `GUTS-GUEST-READY id=${facts.id}`, boot_seconds: 30 },
    },
  };
}

/** Three machines: one disk by lease; two disks by datastore ranges; UEFI with an odd name. */
export async function demoMachines(folder: string): Promise<readonly DemoMachine[]> {
  return [
    await machine(folder, {
      name: 'web-01',
      id: 'web-01',
      firmware: 'bios',
      mac: '00:50:56:00:01:01',
      disks: [[256, 48]],
      move: { transport: 'lease', boot_from: 'image' },
    }),
    await machine(folder, {
      name: 'db-01',
      id: 'db-01',
      firmware: 'bios',
      mac: '00:50:56:00:01:02',
      disks: [
        [256, 32],
        [1024, 48],
      ],
      move: { transport: 'datastore', boot_from: 'image' },
    }),
    await machine(folder, {
      name: 'Büro/Ablage "alt" 100% 東京',
      id: 'uefi-01',
      firmware: 'efi',
      mac: '00:50:56:00:01:03',
      disks: [[192, 24]],
      move: { transport: 'auto', boot_from: 'volume' },
    }),
  ];
}
