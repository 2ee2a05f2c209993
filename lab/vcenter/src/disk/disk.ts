import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BlockSet } from './blocks.ts';

/** Bytes of a block in snapshots' overlays and in change tracking. */
export const BLOCK = 65_536;
/** Bytes in which a thin disk is allocated, as VMFS allocates. */
export const ALLOCATION = 1_048_576;

export class DiskRange extends Error {
  readonly code = 'disk_range';
}

/** Something whose bytes can be read at any offset. */
export interface Readable {
  readonly size: number;
  /** @param into memory of that length, to be used again by the caller; default new memory */
  read(offset: number, length: number, into?: Buffer): Promise<Buffer>;
  /** Whether any byte of the range may differ from zero. */
  mayHoldData(offset: number, length: number): boolean;
  /** A streamOptimized VMDK of these bytes; null: there is none. */
  readonly packed: string | null;
}

/** A machine's disk: a sparse raw file, with frozen views of it. */
export class Disk implements Readable {
  readonly path: string;
  readonly size: number;
  readonly #file: FileHandle;
  readonly #allocated: BlockSet;
  readonly #frozen = new Set<FrozenDisk>();
  packed: string | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(path: string, size: number, file: FileHandle) {
    this.path = path;
    this.size = size;
    this.#file = file;
    this.#allocated = new BlockSet(Math.ceil(size / ALLOCATION));
  }

  /** Makes an all-zero sparse file. Size in bytes; 0 is what nobody should have, and some do. */
  static async create(path: string, size: number): Promise<Disk> {
    if (size < 0 || size % 512 !== 0) throw new DiskRange(`A disk of ${size} bytes: give a multiple of 512.`);
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, 'w+');
    await file.truncate(size);
    return new Disk(path, size, file);
  }

  async read(offset: number, length: number, into?: Buffer): Promise<Buffer> {
    this.#check(offset, length);
    return readFully(this.#file, offset, into ?? Buffer.allocUnsafe(length));
  }

  mayHoldData(offset: number, length: number): boolean {
    return anyBlock(this.#allocated, ALLOCATION, offset, length);
  }

  /** Writes bytes, keeping for every frozen view what was there; writes happen one after the other. */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    this.#check(offset, bytes.length);
    if (bytes.length === 0) return;
    await this.#exclusively(async () => {
      this.packed = null;
      for (const view of this.#frozen) await view.keep(offset, bytes.length);
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, offset + at);
        at += bytesWritten;
      }
      const last = Math.floor((offset + bytes.length - 1) / ALLOCATION);
      for (let block = Math.floor(offset / ALLOCATION); block <= last; block += 1) this.#allocated.add(block);
    });
  }

  /** Freezes the content of this moment. */
  async freeze(overlayPath: string): Promise<FrozenDisk> {
    return this.#exclusively(async () => {
      const view = await FrozenDisk.create(this, overlayPath, this.#allocated.copy());
      this.#frozen.add(view);
      return view;
    });
  }

  async thaw(view: FrozenDisk): Promise<void> {
    await this.#exclusively(async () => {
      this.#frozen.delete(view);
      await view.discard();
    });
  }

  async close(): Promise<void> {
    for (const view of this.#frozen) await this.thaw(view);
    await this.#exclusively(async () => this.#file.close());
  }

  #check(offset: number, length: number): void {
    if (offset < 0 || length < 0 || offset + length > this.size) {
      throw new DiskRange(`Bytes ${offset}+${length} are outside a disk of ${this.size} bytes.`);
    }
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

/** A disk as it was at one moment: blocks overwritten since then are kept in an overlay file. */
export class FrozenDisk implements Readable {
  readonly size: number;
  readonly packed: string | null;
  readonly #disk: Disk;
  readonly #path: string;
  readonly #overlay: FileHandle;
  readonly #kept: BlockSet;
  readonly #allocated: BlockSet;

  private constructor(disk: Disk, path: string, overlay: FileHandle, allocated: BlockSet) {
    this.size = disk.size;
    this.packed = disk.packed;
    this.#disk = disk;
    this.#path = path;
    this.#overlay = overlay;
    this.#kept = new BlockSet(Math.ceil(disk.size / BLOCK));
    this.#allocated = allocated;
  }

  static async create(disk: Disk, path: string, allocated: BlockSet): Promise<FrozenDisk> {
    await mkdir(dirname(path), { recursive: true });
    const overlay = await open(path, 'w+');
    await overlay.truncate(disk.size);
    return new FrozenDisk(disk, path, overlay, allocated);
  }

  async read(offset: number, length: number, into?: Buffer): Promise<Buffer> {
    // Read below first: a block kept meanwhile is then found in the overlay.
    const out = await this.#disk.read(offset, length, into);
    for (let at = 0; at < length;) {
      const block = Math.floor((offset + at) / BLOCK);
      const part = Math.min(length - at, (block + 1) * BLOCK - offset - at);
      if (this.#kept.has(block)) await readFully(this.#overlay, offset + at, out.subarray(at, at + part));
      at += part;
    }
    return out;
  }

  mayHoldData(offset: number, length: number): boolean {
    return anyBlock(this.#allocated, ALLOCATION, offset, length);
  }

  /** Keeps the blocks of a range that is about to be overwritten. */
  async keep(offset: number, length: number): Promise<void> {
    const last = Math.floor((offset + length - 1) / BLOCK);
    for (let block = Math.floor(offset / BLOCK); block <= last; block += 1) {
      if (this.#kept.has(block)) continue;
      const at = block * BLOCK;
      const bytes = await this.#disk.read(at, Math.min(BLOCK, this.size - at));
      await this.#overlay.write(bytes, 0, bytes.length, at);
      this.#kept.add(block);
    }
  }

  async discard(): Promise<void> {
    await this.#overlay.close();
    await rm(this.#path, { force: true });
  }
}

/** Fills the buffer. */
async function readFully(file: FileHandle, offset: number, out: Buffer): Promise<Buffer> {
  for (let at = 0; at < out.length;) {
    const { bytesRead } = await file.read(out, at, out.length - at, offset + at);
    if (bytesRead === 0) throw new DiskRange(`The disk file ended at ${offset + at}.`);
    at += bytesRead;
  }
  return out;
}

function anyBlock(set: BlockSet, blockSize: number, offset: number, length: number): boolean {
  const last = Math.floor((offset + length - 1) / blockSize);
  for (let block = Math.floor(offset / blockSize); block <= last; block += 1) if (set.has(block)) return true;
  return false;
}
