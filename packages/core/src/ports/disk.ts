/**
 * Disks as extents, as core needs them. `@guts/disk` has the same shapes (neither package imports the other:
 * the composition root joins them structurally). Offsets and lengths are bytes, safe integers.
 */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}
export interface MappedExtent extends Extent {
  readonly kind: 'data' | 'zero';
}
export interface ReaderCapabilities {
  readonly randomAccess: boolean;
  readonly multiPass: boolean;
  readonly knowsMap: boolean;
  readonly requestsAtOnce?: number;
}
export interface WriterCapabilities {
  readonly randomAccess: boolean;
  readonly readsAsZero: boolean;
  readonly needsMap: boolean;
}
export interface DiskReader {
  readonly kind: 'reader';
  readonly size: number;
  readonly capabilities: ReaderCapabilities;
  extents(signal: AbortSignal): AsyncIterable<MappedExtent>;
  read(offset: number, buffer: Uint8Array, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
export interface DiskStream {
  readonly kind: 'stream';
  readonly size: number;
  readonly capabilities: ReaderCapabilities;
  chunks(signal: AbortSignal): AsyncIterable<{ readonly offset: number; readonly data: Uint8Array }>;
  close(): Promise<void>;
}
export interface DiskWriter {
  readonly size: number;
  readonly capabilities: WriterCapabilities;
  write(offset: number, data: Uint8Array, signal: AbortSignal): Promise<void>;
  zero(offset: number, length: number, signal: AbortSignal): Promise<void>;
  flush(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
/** Digests of chunks that follow each other; the text is the copier's own. */
export interface DigestPiece {
  readonly firstChunk: number;
  readonly chunks: number;
  readonly digests: string;
}
/** How the digests of a disk were made. */
export interface DigestScheme {
  readonly size: number;
  readonly chunkSize: number;
  readonly algorithm: 'aes-128-gmac';
  /** 16 bytes in hexadecimal. */
  readonly key: string;
}
/** Digests made while copying, of the whole disk. */
export interface ChunkManifest extends DigestScheme {
  readonly pieces: readonly DigestPiece[];
}
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
/** How far a copy is safe on its target. */
export interface CopyCheckpoint {
  /** Bytes from the start of the disk that have been flushed on the target. */
  readonly bytesDone: number;
  readonly chunkSize: number;
  readonly key: string;
  /** Digests of the chunks since the checkpoint before. */
  readonly piece: DigestPiece;
}
export interface VerifyResult {
  readonly mismatches: readonly Extent[];
  readonly bytesChecked: number;
}

/** The copy engine, given to the worker by the composition root. */
export interface DiskCopier {
  copy(job: {
    readonly source: DiskReader | DiskStream;
    readonly target: DiskWriter;
    readonly signal: AbortSignal;
    readonly onProgress?: (progress: CopyProgress) => void;
    /** When aborted, the copy ends after a flush and a checkpoint, throwing the reason. */
    readonly pause?: AbortSignal;
    /** Goes on behind what an earlier attempt left flushed on the target: those bytes are not read again. */
    readonly resume?: {
      readonly chunkSize: number;
      readonly key: string;
      readonly pieces: readonly DigestPiece[];
    };
    /** Called after a flush of the target: now and then, and at the end. Its pieces are those of the manifest. */
    readonly onCheckpoint?: (checkpoint: CopyCheckpoint) => Promise<void>;
    /** Bytes of data between checkpoints. */
    readonly checkpointBytes?: number;
    /** Told of every request that is made again. */
    readonly onRetry?: (retry: {
      readonly error: unknown;
      readonly attempt: number;
      readonly pause: number;
    }) => void;
  }): Promise<CopyResult>;
  verify(job: {
    readonly manifest: ChunkManifest;
    readonly reader: DiskReader | DiskStream;
    /** Share of the chunks to look at, above 0 and at most 1. Default all. */
    readonly sample?: number;
    /** Looks at the chunks that these touch alone. */
    readonly only?: readonly Extent[];
    readonly signal: AbortSignal;
    readonly onProgress?: (progress: { bytesDone: number; bytesTotal: number }) => void;
  }): Promise<VerifyResult>;
  /** Copies the chunks that the extents touch again; flushed when it resolves. */
  repair(job: {
    readonly source: DiskReader | DiskStream;
    readonly target: DiskWriter;
    readonly manifest: ChunkManifest;
    readonly extents: readonly Extent[];
    readonly signal: AbortSignal;
  }): Promise<{
    /** Pieces of the manifest that are other ones now: the source gave other bytes than when it was copied. */
    readonly changed: readonly DigestPiece[];
    readonly bytesRead: number;
    readonly bytesWritten: number;
  }>;
}
