import { randomFillSync } from 'node:crypto';
import { open } from 'node:fs/promises';

const MIB = 2 ** 20;
const SECTOR = 512;

/**
 * Writes a disk that the fake cloud boots: a boot sector (BIOS) or a GPT header (UEFI), the line by which the guest
 * says who it is, and random data in pieces with holes between them, as file systems have.
 */
export async function writeGuestDisk(
  path: string,
  disk: {
    readonly sizeMiB: number;
    readonly dataMiB: number;
    /** Null: a data disk, from which nothing boots. */
    readonly guest: { readonly id: string; readonly firmware: 'bios' | 'uefi' } | null;
  },
): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.truncate(disk.sizeMiB * MIB);
    const stride = Math.floor(disk.sizeMiB / disk.dataMiB);
    const piece = Buffer.alloc(MIB);
    for (let n = 0; n < disk.dataMiB; n += 1) {
      randomFillSync(piece);
      await file.write(piece, 0, MIB, n * stride * MIB);
    }
    if (!disk.guest) return;
    const front = Buffer.alloc(64 * 1024);
    if (disk.guest.firmware === 'uefi') front.write('EFI PART', SECTOR, 'latin1');
    front.writeUInt16LE(0xaa55, SECTOR - 2);
    front.write(`\nGUTS-FAKE-GUEST id=${disk.guest.id}\n`, 4096, 'utf8');
    await file.write(front, 0, front.length, 0);
  } finally {
    await file.close();
  }
}
