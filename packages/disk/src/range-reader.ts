import { assertBytes, assertInside } from './bounds.ts';
import { coverWithZeros } from './map.ts';
import type { DiskReader, Extent } from './types.ts';

export interface RangeSource {
  /** Size of the disk in bytes. */
  readonly size: number;
  /** Fills the whole buffer from `offset` or throws. */
  readonly readRange: (offset: number, buffer: Uint8Array, signal: AbortSignal) => Promise<void>;
  /** Where data may be, ascending; everything else must be known to be zero. Asked anew for every pass. */
  readonly map?: (signal: AbortSignal) => AsyncIterable<Extent> | Iterable<Extent>;
  /** Requests that the far side is sent at once, at most. */
  readonly requestsAtOnce?: number;
  /** Called once. */
  readonly close?: () => Promise<void>;
}

/** A random-access reader over anything that serves byte ranges (an HTTPS datastore, a file, a test's buffer). */
export function rangeReader(source: RangeSource): DiskReader {
  const { size, map } = source;
  assertBytes(size, 'size');
  let closed: Promise<void> | undefined;
  return {
    kind: 'reader',
    size,
    capabilities: {
      randomAccess: true,
      multiPass: true,
      knowsMap: map !== undefined,
      ...(source.requestsAtOnce === undefined ? {} : { requestsAtOnce: source.requestsAtOnce }),
    },
    extents: (signal) => coverWithZeros(map ? map(signal) : [{ offset: 0, length: size }], size),
    async read(offset, buffer, signal) {
      assertInside(offset, buffer.length, size);
      signal.throwIfAborted();
      if (buffer.length > 0) await source.readRange(offset, buffer, signal);
    },
    close: () => (closed ??= source.close?.() ?? Promise.resolve()),
  };
}
