import { DiskSizeError } from '../errors.ts';
import { NbdServerError } from '../nbd/errors.ts';
import { openNbdReader } from '../nbd/reader.ts';
import { openNbdWriter } from '../nbd/writer.ts';
import { rangeReader } from '../range-reader.ts';
import type { DiskReader, DiskWriter, Extent } from '../types.ts';
import { type QemuNbd, type QemuNbdOptions, startQemuNbd } from './child.ts';

export interface QemuDiskOptions extends Omit<QemuNbdOptions, 'readOnly'> {
  /** Size of the disk in bytes; the image may hold more, never less. Default: all of it. */
  readonly size?: number;
}

/** What went wrong with the child says more than the connections that broke with it. */
async function served<T>(server: QemuNbd, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // What it answered with, it outlived.
    throw (error instanceof NbdServerError ? null : await server.failure()) ?? error;
  }
}

async function opened<T>(
  options: QemuNbdOptions,
  signal: AbortSignal,
  open: (server: QemuNbd) => Promise<T>,
): Promise<T> {
  const server = await startQemuNbd(options, signal);
  try {
    return await served(server, () => open(server));
  } catch (error) {
    // It has nothing to write out; why it was not opened says more than how it ended.
    await server.stop().catch(() => undefined);
    throw error;
  }
}

/** Both, in this order, whatever becomes of the first. */
async function closeBoth(disk: { close(): Promise<void> }, server: QemuNbd): Promise<void> {
  try {
    await disk.close();
  } finally {
    await server.stop();
  }
}

/**
 * Writes a disk image through a `qemu-nbd` of its own, which ends with the writer and with this process. What is not
 * written is left as it is; zeros take no space.
 * @throws QemuNbdError, NbdError; DiskSizeError when the image is too small
 */
export function openQemuWriter(options: QemuDiskOptions, signal: AbortSignal): Promise<DiskWriter> {
  const { size } = options;
  return opened({ ...options, readOnly: false }, signal, async (server) => {
    const { target } = server;
    const { clock } = options;
    const nbd = { target, ...(size === undefined ? {} : { size }), ...(clock ? { clock } : {}) };
    const writer = await openNbdWriter(nbd, signal);
    return {
      size: writer.size,
      capabilities: writer.capabilities,
      write: (offset, data, inner) => served(server, () => writer.write(offset, data, inner)),
      zero: (offset, length, inner) => served(server, () => writer.zero(offset, length, inner)),
      flush: (inner) => served(server, () => writer.flush(inner)),
      close: () => closeBoth(writer, server),
    };
  });
}

async function* clipped(reader: DiskReader, size: number, signal: AbortSignal): AsyncGenerator<Extent, void> {
  for await (const { offset, length, kind } of reader.extents(signal)) {
    if (offset >= size) return;
    if (kind === 'data') yield { offset, length: Math.min(length, size - offset) };
  }
}

/**
 * Reads a disk image through a `qemu-nbd` of its own, which ends with the reader and with this process.
 * @throws QemuNbdError, NbdError; DiskSizeError when the image is too small
 */
export function openQemuReader(options: QemuDiskOptions, signal: AbortSignal): Promise<DiskReader> {
  return opened({ ...options, readOnly: true }, signal, async (server) => {
    const { clock } = options;
    const reader = await openNbdReader({ target: server.target, ...(clock ? { clock } : {}) }, signal);
    const size = options.size ?? reader.size;
    if (reader.size < size) {
      await reader.close();
      throw new DiskSizeError(`the image holds ${reader.size} bytes, fewer than the disk's ${size}`);
    }
    return rangeReader({
      size,
      ...(reader.capabilities.knowsMap ? { map: (inner) => clipped(reader, size, inner) } : {}),
      readRange: (offset, buffer, inner) => served(server, () => reader.read(offset, buffer, inner)),
      close: () => closeBoth(reader, server),
    });
  });
}
