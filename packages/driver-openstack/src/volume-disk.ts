import { GutsError } from '@guts/core';
import {
  type DiskReader,
  type DiskWriter,
  openDeviceWriter,
  openQemuReader,
  openQemuWriter,
  openRawFile,
} from '@guts/disk';
import { type BlockDevices, blockDevices } from './brick/block-devices.ts';
import { ShareHolds } from './nfs/holds.ts';
import { unreached } from './unreached.ts';
import { type VolumeFile, withVolumeFile } from './volume-file.ts';

const STEP = 2 ** 20;

/** What attaching gave, as the journal has it. Without a format it is of before there were others. */
function fileOf(data: Readonly<Record<string, unknown>>): VolumeFile {
  const { path, size, format, mounted } = data as Partial<VolumeFile>;
  if (typeof path !== 'string' || typeof size !== 'number')
    throw new GutsError('internal', 'the journal has no file of the attached volume');
  return { path, size, format: format === 'qcow2' ? 'qcow2' : 'raw', ...(mounted ? { mounted } : {}) };
}

/** Still mounted, or again. */
async function held(file: VolumeFile, shares: ShareHolds, signal: AbortSignal): Promise<VolumeFile> {
  if (file.mounted) await shares.pointOf(file.mounted.share, file.mounted.options, signal);
  return file;
}

/** The first bytes of a larger one. */
function firstBytes(whole: DiskWriter, size: number): DiskWriter {
  const check = (offset: number, length: number): void => {
    if (offset + length > size)
      throw new GutsError('internal', `bytes ${offset}+${length} lie beyond the disk's end (${size})`);
  };
  return {
    size,
    capabilities: whole.capabilities,
    write(offset, data, signal) {
      check(offset, data.length);
      return whole.write(offset, data, signal);
    },
    zero(offset, length, signal) {
      check(offset, length);
      return whole.zero(offset, length, signal);
    },
    flush: (signal) => whole.flush(signal),
    close: () => whole.close(),
    ...(whole.file ? { file: whole.file } : {}),
  };
}

/** Makes what a raw file or device has from `size` on read as zero; what does is not written to, and takes no room. */
async function clearBeyond(
  path: string,
  writer: DiskWriter,
  size: number,
  signal: AbortSignal,
): Promise<void> {
  const reader = await openRawFile(path, { size: writer.size });
  try {
    const buffer = Buffer.alloc(STEP);
    const zeros = Buffer.alloc(STEP);
    for (let at = size; at < writer.size; at += STEP) {
      const piece = buffer.subarray(0, Math.min(STEP, writer.size - at));
      await reader.read(at, piece, signal);
      if (!piece.equals(zeros.subarray(0, piece.length))) await writer.zero(at, piece.length, signal);
    }
  } finally {
    await reader.close();
  }
}

async function rawWriter(
  path: string,
  volumeSize: number,
  size: number,
  zero: boolean,
  signal: AbortSignal,
): Promise<DiskWriter> {
  const whole = await openDeviceWriter(path, { size: volumeSize, readsAsZero: zero });
  try {
    if (!zero) await clearBeyond(path, whole, size, signal);
    return firstBytes(whole, size);
  } catch (error) {
    await whole.close();
    throw error;
  }
}

/** The image's own map says what reads as zero. */
async function qcow2Writer(
  fd: number,
  file: VolumeFile,
  size: number,
  signal: AbortSignal,
): Promise<DiskWriter> {
  const whole = await openQemuWriter({ fd, format: 'qcow2', size: file.size }, signal);
  try {
    if (!whole.capabilities.readsAsZero) await whole.zero(size, file.size - size, signal);
    return firstBytes(whole, size);
  } catch (error) {
    await whole.close();
    throw error;
  }
}

/** By what of this host volumes are reached. */
export interface Ways {
  readonly shares: ShareHolds;
  readonly devices: BlockDevices;
}

/** What is mounted already, and the kernel's devices. */
const DIRECT: Ways = { shares: new ShareHolds(null), devices: blockDevices() };

interface Device {
  readonly path: string;
  readonly number: string;
  readonly size: number;
  readonly startsZero: boolean;
}

/** A block device of this host, when the journal tells of one. @throws GutsError `destination_refused` when it is no more */
async function deviceOf(data: Readonly<Record<string, unknown>>, { devices }: Ways): Promise<Device | null> {
  if (data['kind'] !== 'block') return null;
  const device = data as unknown as Device;
  const now = await devices.at(device.path);
  if (now?.number !== device.number || now.size !== device.size)
    throw unreached(`${device.path} is not the device any more that it was when the volume was attached`);
  return device;
}

/**
 * Opens an attached volume for writing the disk's bytes. What the volume has beyond them reads as zero: a guest that ran
 * on it since may have written there.
 * @param data what attaching gave
 * @param fresh nothing was ever written to it
 */
export async function openVolumeWriter(
  data: Readonly<Record<string, unknown>>,
  size: number,
  fresh: boolean,
  signal: AbortSignal,
  ways: Ways = DIRECT,
): Promise<DiskWriter> {
  const device = await deviceOf(data, ways);
  if (device) return rawWriter(device.path, device.size, size, fresh && device.startsZero, signal);
  const file = await held(fileOf(data), ways.shares, signal);
  return withVolumeFile(file, 'write', signal, (path, fd) =>
    file.format === 'qcow2'
      ? qcow2Writer(fd, file, size, signal)
      : // A new file of a share holds nothing; what was written to before may hold anything.
        rawWriter(path, file.size, size, fresh, signal),
  );
}

/**
 * Opens an attached volume for reading the disk's bytes, from its storage and not from this host's memory.
 * @param data what attaching gave
 */
export async function openVolumeReader(
  data: Readonly<Record<string, unknown>>,
  size: number,
  signal: AbortSignal,
  ways: Ways = DIRECT,
): Promise<DiskReader> {
  const device = await deviceOf(data, ways);
  if (device) return openRawFile(device.path, { size, uncached: true });
  const file = await held(fileOf(data), ways.shares, signal);
  return withVolumeFile(file, 'read', signal, (path, fd) =>
    file.format === 'qcow2'
      ? openQemuReader({ fd, format: 'qcow2', size }, signal)
      : openRawFile(path, { size, uncached: true }),
  );
}
