import { dirname, join } from 'node:path';
import { CorruptDiskError, DiskSizeError, UnsupportedDiskError } from '../errors.ts';
import { openImageFile, readBytes, type ImageFile } from '../file/image-file.ts';
import { runReader } from '../file/run-reader.ts';
import { concatenated, type RunSource } from '../file/runs.ts';
import { TablePages } from '../file/table-pages.ts';
import { takeRanges } from '../file/taken-ranges.ts';
import type { DiskReader } from '../types.ts';
import {
  checkEmbeddedDescriptor,
  decodeDescriptor,
  isVmdkDescriptor,
  MAX_DESCRIPTOR,
  parseVmdkDescriptor,
  type DescriptorExtent,
} from './descriptor.ts';
import { MAX_TABLES } from './grain-directory.ts';
import { parseSparseHeader, SECTOR } from './header.ts';
import { openSparseExtent } from './sparse-extent.ts';

export interface OpenDiskOptions {
  /** Aborts the opening. */
  readonly signal?: AbortSignal;
}

/**
 * Opens a VMDK of any kind but deltas: a text descriptor that names flat or sparse files beside it (monolithicFlat,
 * twoGbMaxExtentFlat, twoGbMaxExtentSparse, vmfs), or a file with its descriptor inside (monolithicSparse,
 * streamOptimized). Files that a descriptor names are never looked for elsewhere, nor through symbolic links; still,
 * a descriptor from a stranger may name any file beside it, so it belongs in a folder of its own.
 * Throws `UnsupportedDiskError`, `CorruptDiskError`, `DiskSizeError` if a flat file is shorter than its extent, or
 * the system's error.
 */
export async function openVmdk(path: string, options: OpenDiskOptions = {}): Promise<DiskReader> {
  const file = await openImageFile(path);
  try {
    return await openVmdkFile(file, { ...options, folder: dirname(path) });
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** `folder`: where files named by a text descriptor lie; without it such a descriptor is refused. */
export interface VmdkFileOptions extends OpenDiskOptions {
  readonly folder?: string;
}

/** Like `openVmdk`, for a file that is open. The reader closes it; if this throws, it is the caller's still. */
export async function openVmdkFile(file: ImageFile, options: VmdkFileOptions = {}): Promise<DiskReader> {
  const { signal = new AbortController().signal, folder } = options;
  const head = await readBytes(file, 0, Math.min(file.size, SECTOR), signal);
  if (isVmdkDescriptor(head)) {
    if (folder === undefined)
      throw new UnsupportedDiskError(`${file.name} is a VMDK descriptor that names other files`);
    return openDescribed(file, folder, signal);
  }
  if (head.length < SECTOR) throw new CorruptDiskError(`${file.name} is too short for a VMDK`, head.length);
  if (Buffer.from(head.subarray(0, 4)).toString('latin1') === 'COWD')
    throw new UnsupportedDiskError(
      `${file.name} is a VMDK of kind COWD (vmfsSparse): consolidate the snapshots, or export the disk`,
    );
  await checkEmbedded(file, head, signal);
  return runReader(await openSparseExtent(file, new TablePages(), MAX_TABLES, signal), () => file.close());
}

async function checkEmbedded(file: ImageFile, head: Uint8Array, signal: AbortSignal): Promise<void> {
  const header = parseSparseHeader(head, 0);
  const length = header.descriptorSectors * SECTOR;
  if (length > MAX_DESCRIPTOR)
    throw new CorruptDiskError(`a descriptor of ${length} bytes`, header.descriptorSector * SECTOR);
  const bytes = await readBytes(file, header.descriptorSector * SECTOR, length, signal);
  if (isVmdkDescriptor(bytes)) checkEmbeddedDescriptor(decodeDescriptor(bytes));
  else if (bytes.some((byte) => byte !== 0))
    throw new CorruptDiskError(
      `the descriptor inside ${file.name} is none`,
      header.descriptorSector * SECTOR,
    );
  else if (!header.compressed)
    throw new UnsupportedDiskError(
      `${file.name} has no descriptor inside, so it is one of several files of a disk: open the descriptor file`,
    );
}

async function openDescribed(file: ImageFile, folder: string, signal: AbortSignal): Promise<DiskReader> {
  if (file.size > MAX_DESCRIPTOR)
    throw new UnsupportedDiskError(`${file.name} is no VMDK descriptor: it is larger than 1 MiB`);
  const bytes = await readBytes(file, 0, file.size, signal);
  const { extents } = parseVmdkDescriptor(decodeDescriptor(bytes));
  const files = new ExtentFiles(folder, file);
  try {
    const parts: RunSource[] = [];
    for (const extent of extents) parts.push(await files.open(extent, signal));
    files.check();
    return runReader(concatenated(parts), async () => {
      await files.close();
      await file.close();
    });
  } catch (error) {
    await files.close();
    throw error;
  }
}

/** The files that one descriptor names, each opened once. */
class ExtentFiles {
  readonly #folder: string;
  readonly #descriptor: ImageFile;
  readonly #pages = new TablePages();
  #tablesLeft = MAX_TABLES;
  readonly #byName = new Map<string, ImageFile>();
  /** What the extents use of each file, by the file's identity. */
  readonly #used = new Map<string, { position: number; length: number; what: string }[]>();

  constructor(folder: string, descriptor: ImageFile) {
    this.#folder = folder;
    this.#descriptor = descriptor;
  }

  async open(extent: DescriptorExtent, signal: AbortSignal): Promise<RunSource> {
    signal.throwIfAborted();
    const { length } = extent;
    if (extent.kind === 'ZERO')
      return { size: length, locate: (_offset, bytes) => Promise.resolve([{ kind: 'zero', length: bytes }]) };
    const file = await this.#file(extent.file);
    const end = extent.kind === 'SPARSE' ? file.size : extent.fileOffset + length;
    if (file.size < end)
      throw new DiskSizeError(`${file.name} has ${file.size} bytes, but its extent ends at byte ${end}`);
    const used = this.#used.get(file.identity) ?? [];
    this.#used.set(file.identity, used);
    used.push({
      position: extent.fileOffset,
      length: end - extent.fileOffset,
      what: `an extent in ${file.name}`,
    });
    if (extent.kind === 'SPARSE') return this.#sparse(file, length, signal);
    return {
      size: length,
      locate: (offset, bytes) =>
        Promise.resolve([
          { kind: 'stored', length: bytes, file, position: extent.fileOffset + offset },
        ] as const),
    };
  }

  /** Throws `CorruptDiskError` if two extents share bytes of a file. */
  check(): void {
    for (const used of this.#used.values()) takeRanges(used);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#byName.values()].map((file) => file.close()));
  }

  async #file(name: string): Promise<ImageFile> {
    const known = this.#byName.get(name);
    if (known) return known;
    const file = await openImageFile(join(this.#folder, name), { untrustedName: true });
    this.#byName.set(name, file);
    if (file.identity === this.#descriptor.identity)
      throw new CorruptDiskError('the descriptor names itself as an extent', 0);
    return file;
  }

  async #sparse(file: ImageFile, length: number, signal: AbortSignal): Promise<RunSource> {
    const extent = await openSparseExtent(file, this.#pages, this.#tablesLeft, signal);
    this.#tablesLeft -= extent.tableCount;
    if (extent.size !== length)
      throw new CorruptDiskError(
        `${file.name} holds ${extent.size} bytes of the disk, but the descriptor says ${length}`,
        0,
      );
    return extent;
  }
}
