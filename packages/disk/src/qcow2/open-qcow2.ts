import { openImageFile, readBytes, type ImageFile } from '../file/image-file.ts';
import { runReader } from '../file/run-reader.ts';
import { TablePages } from '../file/table-pages.ts';
import type { DiskReader } from '../types.ts';
import { Qcow2Clusters } from './clusters.ts';
import { parseQcow2Header, QCOW2_HEADER_MAX } from './header.ts';
import { readL1Table } from './l1-table.ts';
import { clusterUnpacker, type Decompress } from './packed-cluster.ts';

export interface OpenQcow2Options {
  /** Aborts the opening. */
  readonly signal?: AbortSignal;
  /** Unpacks zstd. Default: Node's own, where it has one (from 22.15 on). */
  readonly zstd?: Decompress;
}

/**
 * Opens a qcow2 image (version 2 or 3) for reading; its snapshots are ignored. Refused: backing files, external data
 * files, encryption, unknown incompatible features, the corrupt bit. The dirty bit is not: it tells of refcounts,
 * which reading does not use. Throws `UnsupportedDiskError`, `CorruptDiskError`, or the system's error.
 */
export async function openQcow2(path: string, options: OpenQcow2Options = {}): Promise<DiskReader> {
  const file = await openImageFile(path);
  try {
    return await openQcow2File(file, options);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Like `openQcow2`, for a file that is open. The reader closes it; if this throws, it is the caller's still. */
export async function openQcow2File(file: ImageFile, options: OpenQcow2Options = {}): Promise<DiskReader> {
  const { signal = new AbortController().signal, zstd } = options;
  const header = parseQcow2Header(await readBytes(file, 0, Math.min(file.size, QCOW2_HEADER_MAX), signal));
  const unpack = clusterUnpacker(file, header, zstd);
  const l1 = await readL1Table(file, header, signal);
  return runReader(new Qcow2Clusters(file, header, l1, new TablePages(), unpack), () => file.close());
}
