import type { DiskWriter } from '../types.ts';
import type { SentStream } from './hand-over.ts';

/** A disk written in order, coming out as the bytes of an image file to be uploaded. */
export interface ImageStream {
  /** In order only, one call at a time; what is left out becomes zero. `flush` ends the image. */
  readonly writer: DiskWriter;
  /**
   * The image's bytes; once only. A piece's memory is used again once the next one is asked for. Throws if the writer is
   * closed or aborted before its `flush`.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** Exact length of the body in bytes. */
  readonly length: number;
  /** Resolves when the body was taken to its end; rejects if it broke. Need not be awaited. */
  readonly done: Promise<SentStream>;
}
