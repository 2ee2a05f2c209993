import { readFile, type FileHandle } from 'node:fs/promises';
import { UnsupportedDiskError } from './errors.ts';

/**
 * Size in bytes of an open regular file or Linux block device. Node has no ioctl, so a device's size comes
 * from sysfs, which counts sectors of 512 bytes whatever the device's own (kernel, Documentation/ABI/stable/sysfs-block).
 */
export async function fileOrDeviceSize(handle: FileHandle, path: string): Promise<number> {
  const stat = await handle.stat();
  if (stat.isFile()) return stat.size;
  if (!stat.isBlockDevice())
    throw new UnsupportedDiskError(`${path} is neither a regular file nor a block device`);
  const { major, minor } = deviceNumbers(stat.rdev);
  const text = await readFile(`/sys/dev/block/${major}:${minor}/size`, 'utf8');
  const sectors = Number(text.trim());
  if (!Number.isSafeInteger(sectors * 512) || sectors < 0)
    throw new UnsupportedDiskError(`the kernel gives no usable size for ${path}`);
  return sectors * 512;
}

/** Splits Linux's dev_t (glibc's makedev: 12 low bits of major at 8, the rest at 32; minor's low 8 bits at 0, the rest at 20). */
export function deviceNumbers(rdev: number): { major: number; minor: number } {
  const bits = BigInt(rdev);
  return {
    major: Number(((bits >> 8n) & 0xfffn) | ((bits >> 32n) & ~0xfffn)),
    minor: Number((bits & 0xffn) | ((bits >> 12n) & 0xffffff00n)),
  };
}
