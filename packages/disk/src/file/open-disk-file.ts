import { dirname } from 'node:path';
import { DiskUsageError, UnsupportedDiskError } from '../errors.ts';
import { openOvaFile, type OvaDisk } from '../ova/open-ova.ts';
import { openQcow2File } from '../qcow2/open-qcow2.ts';
import { openRawImage } from '../raw-file.ts';
import type { DiskReader } from '../types.ts';
import { openVmdkFile } from '../vmdk/open-vmdk.ts';
import { openImageFile, type ImageFile, type OpenImageFile } from './image-file.ts';
import { probeDiskFile, type DiskFileFormat } from './probe.ts';

export interface OpenDiskFileOptions {
  /** What the file is; then nothing is guessed. Default: told by its magic. */
  readonly format?: DiskFileFormat;
  /**
   * Take a file without a known magic for a raw disk. Never for what came from a guest or a stranger: whoever writes
   * a raw disk can write a magic into it, and have it read as what it is not the next time.
   */
  readonly allowRaw?: boolean;
  /** Which disk of an OVA: its id in the OVF, or the name of its file. Default its only one. */
  readonly ovaDisk?: string;
  /** Aborts the opening. */
  readonly signal?: AbortSignal;
}
export interface DiskFile {
  readonly format: DiskFileFormat;
  readonly reader: DiskReader;
}

/**
 * Opens a disk in a file or on a block device, whatever its format. The name's ending means nothing. Throws
 * `UnsupportedDiskError`, `CorruptDiskError`, `DiskSizeError`, `DiskUsageError` when there is no disk of that name to
 * choose, or the system's error.
 */
export async function openDiskFile(path: string, options: OpenDiskFileOptions = {}): Promise<DiskFile> {
  const { signal = new AbortController().signal, allowRaw = false } = options;
  const file = await openImageFile(path);
  try {
    const format =
      options.format ?? (await probeDiskFile(file, signal)) ?? (allowRaw ? ('raw' as const) : undefined);
    if (!format)
      throw new UnsupportedDiskError(
        `${file.name} is no disk of a known format; if it is a raw disk, say so (a format is not guessed from a name)`,
      );
    if (format === 'ova') return { format, reader: await openOvaDisk(file, options.ovaDisk, signal) };
    if (options.ovaDisk !== undefined)
      throw new DiskUsageError(`${file.name} is no OVA: there is no disk "${options.ovaDisk}" to choose`);
    return { format, reader: await openAs(format, file, dirname(path), signal) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openAs(
  format: Exclude<DiskFileFormat, 'ova'>,
  file: OpenImageFile,
  folder: string,
  signal: AbortSignal,
): Promise<DiskReader> {
  if (format === 'vmdk') return openVmdkFile(file, { folder, signal });
  if (format === 'qcow2') return openQcow2File(file, { signal });
  return openRawImage(file);
}

/** @param wanted undefined: the only one */
function chosen(name: string, disks: readonly OvaDisk[], wanted: string | undefined): OvaDisk {
  const found = wanted === undefined ? disks : disks.filter(({ id, file }) => [id, file].includes(wanted));
  const [disk, another] = found;
  if (disk && !another) return disk;
  if (disks.length === 0) throw new UnsupportedDiskError(`${name} is an OVA without disks`);
  const all = disks.map(({ id, file }) => `"${id}"${file === undefined ? '' : ` (${file})`}`).join(', ');
  const why = wanted === undefined ? 'one of its disks must be chosen' : `it has no disk "${wanted}" alone`;
  throw new DiskUsageError(`${name} is an OVA, and ${why}: ${all}`);
}

async function openOvaDisk(
  file: ImageFile,
  wanted: string | undefined,
  signal: AbortSignal,
): Promise<DiskReader> {
  const ova = await openOvaFile(file, { signal });
  const disk = chosen(file.name, ova.disks, wanted);
  const reader = await ova.openDisk(disk, signal);
  return {
    ...reader,
    close: async () => {
      await reader.close();
      await ova.close();
    },
  };
}
