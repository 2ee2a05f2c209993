import type { FileHandle } from 'node:fs/promises';

export interface Disk {
  /** Bytes as the guest sees them. */
  readonly size: number;
  /** Bytes from `offset`, short at the disk's end. */
  read(offset: number, length: number): Promise<Buffer>;
  /** Block size that `mapped` speaks of. */
  readonly blockSize: number;
  /** False when the block at `offset` is known to read as zeroes. */
  mapped(offset: number): Promise<boolean>;
  close(): Promise<void>;
}

export class DiskError extends Error {
  readonly code = 'disk_unreadable';
}

/** Bytes of a file; what is beyond its end reads as zeroes. */
export async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(buffer, done, length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return buffer;
}
