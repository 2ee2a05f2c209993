import { dirname } from 'node:path';
import { UnsupportedDiskError } from '../errors.ts';
import { openOvaFile } from '../ova/open-ova.ts';
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
  /** Aborts the opening. */
  readonly signal?: AbortSignal;
}
export interface DiskFile {
  readonly format: DiskFileFormat;
  readonly reader: DiskReader;
}

/**
 * Opens a disk in a file or on a block device, whatever its format (of an OVA: its only disk). The name's ending
 * means nothing. Throws `UnsupportedDiskError`, `CorruptDiskError`, `DiskSizeError`, or the system's error.
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
    return { format, reader: await openAs(format, file, dirname(path), signal) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openAs(
  format: DiskFileFormat,
  file: OpenImageFile,
  folder: string,
  signal: AbortSignal,
): Promise<DiskReader> {
  if (format === 'vmdk') return openVmdkFile(file, { folder, signal });
  if (format === 'qcow2') return openQcow2File(file, { signal });
  if (format === 'ova') return openOnlyDisk(file, signal);
  return openRawImage(file);
}

async function openOnlyDisk(file: ImageFile, signal: AbortSignal): Promise<DiskReader> {
  const ova = await openOvaFile(file, { signal });
  const [disk, another] = ova.disks;
  if (!disk || another)
    throw new UnsupportedDiskError(
      `${file.name} is an OVA of ${ova.disks.length} disks: choose one of them (openOva)`,
    );
  const reader = await ova.openDisk(disk, signal);
  return {
    ...reader,
    close: async () => {
      await reader.close();
      await ova.close();
    },
  };
}
