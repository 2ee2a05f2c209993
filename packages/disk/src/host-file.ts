import type { FileHandle } from 'node:fs/promises';

/** A file or device of this host that a thread may read or write by itself. */
export interface HostFile {
  readonly fd: number;
  /** Reads must begin and end at multiples of so many bytes, in memory and in the file (open(2), O_DIRECT). Default 1. */
  readonly alignment?: number;
  /** While the work lasts, `fd` is this file's and no other's. */
  during<T>(work: () => Promise<T>): Promise<T>;
}
/** One that is written to. */
export interface WrittenHostFile extends HostFile {
  /** Told before the first of some bytes is written; throws what forbids it. */
  willWrite(offset: number, length: number): void;
  /** Told of what was written; resolves when more may come. */
  wrote(offset: number, length: number): Promise<void>;
}

/**
 * Counts who works with a handle's number: were it closed meanwhile, the next file that somebody opens would have that
 * number, and be written to.
 */
export class HeldFile implements HostFile {
  readonly alignment?: number;
  readonly #handle: FileHandle;
  #holders = 0;
  #free: () => void = () => undefined;

  constructor(handle: FileHandle, alignment?: number) {
    this.#handle = handle;
    if (alignment !== undefined) this.alignment = alignment;
  }

  get fd(): number {
    return this.#handle.fd;
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#holders += 1;
    try {
      return await work();
    } finally {
      this.#holders -= 1;
      if (this.#holders === 0) this.#free();
    }
  }

  /** Closes the handle when nobody works with it any more; nobody may begin to. */
  async close(): Promise<void> {
    if (this.#holders > 0)
      await new Promise<void>((resolve) => {
        this.#free = resolve;
      });
    await this.#handle.close();
  }
}
