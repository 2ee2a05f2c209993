import { assertBytes, assertInside } from '../bounds.ts';
import { DiskUsageError } from '../errors.ts';
import { HandOver } from './hand-over.ts';
import type { ImageStream } from './image-stream.ts';

const ZEROS = new Uint8Array(1024 * 1024);

/**
 * A raw image, made while the disk is written in order. `options.size` is the disk's and the image's length in bytes;
 * `options.sha512` tells whether what is sent is digested, by default it is.
 */
export function rawImageStream(options: {
  readonly size: number;
  readonly sha512?: boolean | undefined;
}): ImageStream {
  const { size, sha512 } = options;
  assertBytes(size, 'size');
  const out = new HandOver({ length: size, sha512 });
  let at = 0;

  const claim = (offset: number, length: number): void => {
    assertInside(offset, length, size);
    if (offset < at)
      throw new DiskUsageError(`an image stream is written in order: byte ${offset} after byte ${at}`);
  };
  const zerosUpTo = async (end: number, signal: AbortSignal): Promise<void> => {
    while (at < end) {
      const piece = ZEROS.subarray(0, Math.min(ZEROS.length, end - at));
      await out.push(piece, signal);
      at += piece.length;
    }
  };
  return {
    body: out,
    length: size,
    done: out.done,
    writer: {
      size,
      capabilities: { randomAccess: false, readsAsZero: true, needsMap: false },
      async write(offset, data, signal) {
        claim(offset, data.length);
        await zerosUpTo(offset, signal);
        await out.push(data, signal);
        at = offset + data.length;
      },
      async zero(offset, length, signal) {
        claim(offset, length);
        await zerosUpTo(offset + length, signal);
      },
      async flush(signal) {
        await zerosUpTo(size, signal);
        await out.end(signal);
      },
      async close() {
        out.fail(new DiskUsageError('the image was closed before it was complete'));
      },
    },
  };
}
