import type { HostFile, WrittenHostFile } from './host-file.ts';
import type { LentExport } from './nbd/local-export.ts';

/**
 * Disks as extents. Every offset and length is in bytes, a safe integer. `@guts/core` has the same shapes
 * (neither package imports the other; the composition root joins them structurally).
 */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}
export type ExtentKind = 'data' | 'zero';
export interface MappedExtent extends Extent {
  readonly kind: ExtentKind;
}

export interface ReaderCapabilities {
  /** Any range can be read, in any order, several at once. */
  readonly randomAccess: boolean;
  /** The disk can be read more than once. */
  readonly multiPass: boolean;
  /** `extents` tells zeros from data without reading; otherwise it says that all is data. */
  readonly knowsMap: boolean;
  /** Requests that the far side is sent at once, at most. Default as many as are worth it. */
  readonly requestsAtOnce?: number;
}
export interface WriterCapabilities {
  /** Any range can be written, in any order, several at once; otherwise ascending, one at a time. */
  readonly randomAccess: boolean;
  /**
   * Whatever a copy that starts now leaves out reads as zero, so zeros need not be sent. Must be known, never
   * hoped: false again once a random-access target has been written to. A copy asks once, before its first write.
   */
  readonly readsAsZero: boolean;
  /** The writer was given the map of the source before the first byte and takes data nowhere else. */
  readonly needsMap: boolean;
}

/** A disk that can be read at any offset. */
export interface DiskReader {
  readonly kind: 'reader';
  readonly size: number;
  readonly capabilities: ReaderCapabilities;
  /** Covers [0, size) in ascending order without gap or overlap. */
  extents(signal: AbortSignal): AsyncIterable<MappedExtent>;
  /** Fills the whole buffer or throws. */
  read(offset: number, buffer: Uint8Array, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
  /** The file whose bytes are the disk's, if there is one: then what `read` does may be done without it. */
  readonly file?: HostFile;
  /** The export whose bytes are the disk's, where threads may read it by connections of their own. */
  readonly local?: LentExport;
}

/** A piece of a stream. Its data belongs to the consumer until it asks for the next piece. */
export interface DiskChunk {
  readonly offset: number;
  readonly data: Uint8Array;
}

/** A disk that comes once, in order. */
export interface DiskStream {
  readonly kind: 'stream';
  readonly size: number;
  readonly capabilities: ReaderCapabilities;
  /** Ascending, without overlap; gaps are zeros. Throws if the source ends early or is damaged. Once only. */
  chunks(signal: AbortSignal): AsyncIterable<DiskChunk>;
  close(): Promise<void>;
}

/** Where a disk is written. Neither `write` nor `zero` keeps the caller's buffer after its promise settles. */
export interface DiskWriter {
  readonly size: number;
  readonly capabilities: WriterCapabilities;
  write(offset: number, data: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Makes the range read as zero. */
  zero(offset: number, length: number, signal: AbortSignal): Promise<void>;
  /** After it, what was written survives a crash of this host. For streams: the end of the stream. */
  flush(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
  /** The file whose bytes are the disk's, if there is one: then what `write` does may be done without it. */
  readonly file?: WrittenHostFile;
}

/** Digests of chunks that follow each other, as text for a database or a file. */
export interface DigestPiece {
  /** Index of the first chunk that it tells of. */
  readonly firstChunk: number;
  /** How many chunks it tells of. */
  readonly chunks: number;
  /**
   * Runs of chunks with data, `FIRST:BASE64`, separated by blanks: the index of the run's first chunk and its
   * chunks' digests of 16 bytes, one after the other. Chunks in no run are zero.
   */
  readonly digests: string;
}

/** Digests of a whole disk, in chunks of one size (the last may be shorter). */
export interface ChunkManifest {
  readonly size: number;
  readonly chunkSize: number;
  /** GMAC: the tag of AES-128-GCM over the chunk as additional data, with an IV of twelve zero bytes. */
  readonly algorithm: 'aes-128-gmac';
  /** 16 bytes in hexadecimal; random, so that nobody can make a chunk fit its digest by chance or design. */
  readonly key: string;
  /** From the first chunk to the last, without a gap. */
  readonly pieces: readonly DigestPiece[];
}

/** Bytes of the copy so far; `bytesDone` counts zeros too and ends at `bytesTotal`, the size of the disk. */
export interface CopyProgress {
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}
export interface CopyResult {
  readonly manifest: ChunkManifest;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly bytesZero: number;
}
export interface VerifyProgress {
  readonly bytesDone: number;
  readonly bytesTotal: number;
}
export interface VerifyResult {
  /** Chunks whose bytes are not those of the manifest; neighbours are joined. */
  readonly mismatches: readonly Extent[];
  readonly bytesChecked: number;
}
