import { CorruptDiskError, DiskError } from '../../errors.ts';
import type { LocalExport } from '../../nbd/local-export.ts';
import type { Extent } from '../../types.ts';

/** Where a chunk begins in a file. */
export interface ChunkPlace {
  readonly fd: number;
  /** Bytes; a multiple of the alignment. */
  readonly offset: number;
  /** Of reads; see HostFile. */
  readonly alignment?: number | undefined;
}

/** Where a chunk begins in an export. */
export interface ExportPlace {
  readonly local: LocalExport;
  /** Bytes; a multiple of the smallest block. */
  readonly offset: number;
}

/** What a thread is asked to do with one chunk. */
export interface ChunkJob {
  /** Bytes of the chunk. */
  readonly length: number;
  /** What of it is not known to be zero; offsets from its start. */
  readonly parts: readonly Extent[];
  /** Of the digest, 16 bytes in hexadecimal. */
  readonly key: string;
  /** Where its parts are read. */
  readonly from: ChunkPlace | ExportPlace;
  /** Where what is not zero is written; default nowhere. */
  readonly to?: ChunkPlace;
}

export interface ChunkDone {
  /** What is not zero, in whole blocks but at the chunk's end; offsets from its start. */
  readonly runs: readonly Extent[];
  /** Null: all of it is zero. */
  readonly digest: Uint8Array | null;
}

/** An error as it comes from a thread. */
export type ThreadFault =
  | { readonly kind: 'ended'; readonly missing: number; readonly at: number }
  | { readonly kind: 'stopped' }
  /** Reading an export by itself did not work. */
  | { readonly kind: 'export'; readonly message: string }
  | {
      readonly kind: 'system';
      readonly message: string;
      readonly code?: string;
      readonly errno?: number;
      readonly syscall?: string;
    };

export type ChunkAnswer = { readonly done: ChunkDone } | { readonly fault: ThreadFault };

/** A thread is to close its connections to an export. It answers nothing. */
export interface LeaveExport {
  readonly leave: string;
}

/** What a thread is started with. */
export interface ThreadStart {
  /** Not 0: it is to begin no further call. */
  readonly stop: SharedArrayBuffer;
}

/** A thread could not read an export by itself: whoever asked for it reads it another way. */
export class ThreadExportError extends DiskError {
  constructor(message: string) {
    super('disk_thread', message);
    this.name = 'ThreadExportError';
  }
}

/** The error that a call from this thread would have thrown. */
export function errorOf(fault: ThreadFault): Error {
  if (fault.kind === 'ended')
    return new CorruptDiskError(`the file ends here, ${fault.missing} bytes too early`, fault.at);
  if (fault.kind === 'export') return new ThreadExportError(fault.message);
  if (fault.kind === 'stopped') return new DiskError('disk_io', 'the request was given up');
  const { message, code, errno, syscall } = fault;
  return Object.assign(new Error(message), { code, errno, syscall });
}
