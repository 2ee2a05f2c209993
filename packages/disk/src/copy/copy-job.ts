import type { CopyProgress, DigestPiece, DiskReader, DiskStream, DiskWriter } from '../types.ts';
import type { SessionOptions } from './session.ts';

export interface CopyCheckpoint {
  /** Bytes from the start of the disk that have been flushed on the target. */
  readonly bytesDone: number;
  /** Of the digests: bytes, and 16 bytes in hexadecimal. */
  readonly chunkSize: number;
  readonly key: string;
  /** Digests of the chunks since the checkpoint before. */
  readonly piece: DigestPiece;
}

/** What an earlier copy left flushed on the target: the chunks that its pieces tell of, from the start on. */
export interface CopyResumption {
  readonly chunkSize: number;
  readonly key: string;
  readonly pieces: readonly DigestPiece[];
}

export interface CopyJob extends SessionOptions {
  readonly source: DiskReader | DiskStream;
  readonly target: DiskWriter;
  /** When aborted, the copy begins nothing new: after a flush and a checkpoint it throws the reason. */
  readonly pause?: AbortSignal | undefined;
  /** Bytes per digest, read and write; a multiple of 64 KiB. Default 4 MiB. */
  readonly chunkSize?: number;
  /** Key of the digests, 16 bytes in hexadecimal. Default a new one. */
  readonly key?: string;
  /** Called in the order of the chunks as they are done. What it throws ends the copy. */
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
  /**
   * Goes on behind these chunks; they are neither read nor written again, and their digests become the manifest's.
   * Its chunk size and key win. Only for random access on both sides.
   */
  readonly resume?: CopyResumption | undefined;
  /**
   * Called after a flush of a random-access target, now and then and at the end: its pieces are then those of the
   * manifest, behind those it resumed from.
   */
  readonly onCheckpoint?: ((checkpoint: CopyCheckpoint) => void | Promise<void>) | undefined;
  /** Bytes of data between checkpoints. Default 1 GiB. */
  readonly checkpointBytes?: number | undefined;
  /** Seconds between checkpoints, if the data does not come sooner. Default 30. */
  readonly checkpointSeconds?: number;
}

export const DEFAULT_CHUNK = 4 * 1024 * 1024;
export const DEFAULT_CHECKPOINT = 1024 * 1024 * 1024;
