import { type MachineSpec, startVCenter, type VCenter } from '@guts/lab-vcenter';
import { GUEST_IMAGE } from './lab.ts';
import { statSync } from 'node:fs';

export const BIOS = 'bios guest';
export const UEFI = 'uefi guest';
/** 80 characters, which is as long as vCenter lets a name be. */
export const ODD = `${'"Ünï/cödé" 100% \\ 東京 '.repeat(10)}end`.slice(0, 79) + '.';
export const MAC: Readonly<Record<string, string>> = {
  [BIOS]: '00:50:56:1f:7a:01',
  [UEFI]: '00:50:56:1f:7a:02',
};
const DATA_BYTES = 16 * 2 ** 20;

/** A machine that runs, with a boot disk and a data disk of 16 MiB. */
export function guest(name: string, firmware: 'bios' | 'efi', pattern: number): MachineSpec {
  const file = GUEST_IMAGE[firmware];
  return {
    name,
    firmware,
    cpus: 1,
    memoryMiB: 192,
    guestId: 'debian12_64Guest',
    guestFullName: 'Debian GNU/Linux 12 (64-bit)',
    powerState: 'poweredOn',
    toolsRunning: true,
    disks: [
      { sizeBytes: statSync(file).size, source: { file }, controller: 'pvscsi' },
      {
        sizeBytes: DATA_BYTES,
        controller: 'pvscsi',
        // Data, a hole, data to the last byte: what a short copy or a lost tail would show.
        source: {
          pattern,
          dataExtents: [
            { offset: 0, length: 3_000_000 },
            { offset: DATA_BYTES - 70_000, length: 70_000 },
          ],
        },
      },
    ],
    nics: [{ mac: MAC[name] ?? '', network: 'VM Network' }],
  };
}

/** A vCenter; unless told otherwise with a BIOS and a UEFI guest. */
export function startSource(
  machines: readonly MachineSpec[] = [guest(BIOS, 'bios', 5), guest(UEFI, 'efi', 6)],
): Promise<VCenter> {
  return startVCenter({ machines });
}
