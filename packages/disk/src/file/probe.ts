import { isVmdkDescriptor } from '../vmdk/descriptor.ts';
import { isTarHeader } from '../ova/tar-header.ts';
import { UnsupportedDiskError } from '../errors.ts';
import { readBytes, type ImageFile } from './image-file.ts';

export type DiskFileFormat = 'vmdk' | 'qcow2' | 'ova' | 'raw';

interface Signature {
  readonly text: string;
  readonly at: number;
  readonly name: string;
}

/** Containers which are not read, and which must not be taken for raw disks. */
const OTHERS: readonly Signature[] = [
  { text: 'COWD', at: 0, name: 'a VMDK of kind COWD (vmfsSparse)' },
  { text: '\xbe\xba\xfe\xca', at: 0, name: 'a VMDK of kind SESPARSE' },
  { text: 'vhdxfile', at: 0, name: 'a VHDX' },
  { text: 'conectix', at: 0, name: 'a VHD' },
  { text: 'QED\0', at: 0, name: 'a QED image' },
  { text: '\x7f\x10\xda\xbe', at: 64, name: 'a VDI' },
  { text: 'WithoutFreeSpace', at: 0, name: 'a Parallels disk' },
  { text: 'WithouFreSpacExt', at: 0, name: 'a Parallels disk' },
  { text: '\x1f\x8b\x08', at: 0, name: 'a file compressed with gzip' },
  { text: '\xfd7zXZ\0', at: 0, name: 'a file compressed with xz' },
  { text: '\x28\xb5\x2f\xfd', at: 0, name: 'a file compressed with zstd' },
  { text: 'BZh', at: 0, name: 'a file compressed with bzip2' },
  { text: 'PK\x03\x04', at: 0, name: 'a zip archive' },
];
const HEAD = 512;

/**
 * Tells a disk file's format by its magic, never by its name; undefined where nothing is known, which may be a raw
 * disk or anything else. Throws `UnsupportedDiskError` for formats which are known but not read.
 */
export async function probeDiskFile(
  file: ImageFile,
  signal: AbortSignal,
): Promise<Exclude<DiskFileFormat, 'raw'> | undefined> {
  const head = await readBytes(file, 0, Math.min(HEAD, file.size), signal);
  const has = ({ text, at }: Pick<Signature, 'text' | 'at'>, bytes = head): boolean =>
    Buffer.from(bytes.subarray(at, at + text.length)).toString('latin1') === text;
  if (has({ text: 'QFI\xfb', at: 0 })) return 'qcow2';
  if (has({ text: 'KDMV', at: 0 }) || isVmdkDescriptor(head)) return 'vmdk';
  if (isTarHeader(head)) return 'ova';
  const other = OTHERS.find((signature) => has(signature)) ?? (await fixedVhd(file, signal));
  if (other)
    throw new UnsupportedDiskError(
      `${file.name} is ${other.name}, which is not read: unpack it, or convert it (qemu-img convert)`,
    );
  return undefined;
}

/** A fixed VHD is a raw disk with 512 bytes of footer, which must not become part of the disk. */
async function fixedVhd(file: ImageFile, signal: AbortSignal): Promise<Signature | undefined> {
  if (file.size < HEAD) return undefined;
  const foot = await readBytes(file, file.size - HEAD, 8, signal);
  const found = Buffer.from(foot).toString('latin1') === 'conectix';
  return found ? { text: 'conectix', at: 0, name: 'a VHD' } : undefined;
}
