import { assertInside } from '../bounds.ts';
import { DiskUsageError } from '../errors.ts';
import { DiskMapError } from '../map.ts';
import type { Extent } from '../types.ts';
import { HandOver } from './hand-over.ts';
import type { ImageStream } from './image-stream.ts';
import { CLUSTER, qcow2Layout } from './qcow2-layout.ts';
import { qcow2Metadata } from './qcow2-metadata.ts';

const ZEROS = new Uint8Array(1024 * 1024);

/**
 * A qcow2 version 3 image in one pass: its tables are made from the map before the first byte, the data follows
 * in the guest's order. Clusters (64 KiB) that the map touches are stored whole; others read as zero.
 * `size` is the disk's, a multiple of 512 bytes. Writing anything but zeros where the map has no data throws
 * `DiskMapError` and breaks the image.
 */
export function qcow2ImageStream(options: {
  readonly size: number;
  readonly dataExtents: Iterable<Extent>;
  /** Whether what is sent is digested. Default true. */
  readonly sha512?: boolean | undefined;
}): ImageStream {
  const { size, sha512 } = options;
  const layout = qcow2Layout(size, options.dataExtents);
  const out = new HandOver({ length: layout.totalClusters * CLUSTER, sha512 });
  const metadata = qcow2Metadata(layout);
  let at = 0;
  let run = 0;

  /** Walks the guest from `at` to `end`, giving what the image stores of it to `emit`, and the rest to `skip`. */
  const walk = async (
    end: number,
    emit: (offset: number, length: number) => Promise<void>,
    skip: (offset: number, length: number) => void,
  ): Promise<void> => {
    while (at < end) {
      const current = layout.runs[run];
      const start = current ? current.first * CLUSTER : Infinity;
      if (at < start) {
        const length = Math.min(start, end) - at;
        skip(at, length);
        at += length;
        continue;
      }
      const runEnd = start + (current?.count ?? 0) * CLUSTER;
      const length = Math.min(runEnd, end) - at;
      if (length > 0) await emit(at, length);
      at += length;
      if (at >= runEnd) run += 1;
    }
  };
  const zerosUpTo = (end: number, signal: AbortSignal): Promise<void> =>
    walk(
      end,
      async (_offset, length) => {
        for (let done = 0; done < length; done += ZEROS.length)
          await out.push(ZEROS.subarray(0, Math.min(ZEROS.length, length - done)), signal);
      },
      () => undefined,
    );
  const begin = async (offset: number, length: number, signal: AbortSignal): Promise<void> => {
    assertInside(offset, length, size);
    if (offset < at)
      throw new DiskUsageError(`an image stream is written in order: byte ${offset} after byte ${at}`);
    for (const cluster of metadata) await out.push(cluster, signal);
  };

  return {
    body: out,
    length: layout.totalClusters * CLUSTER,
    done: out.done,
    writer: {
      size,
      capabilities: { randomAccess: false, readsAsZero: true, needsMap: true },
      async write(offset, data, signal) {
        await begin(offset, data.length, signal);
        await zerosUpTo(offset, signal);
        await walk(
          offset + data.length,
          (from, length) => out.push(data.subarray(from - offset, from - offset + length), signal),
          (from, length) => {
            const lost = data.subarray(from - offset, from - offset + length).findIndex((byte) => byte !== 0);
            if (lost < 0) return;
            const error = new DiskMapError(`data at byte ${from + lost}, where the map of the disk had none`);
            out.fail(error);
            throw error;
          },
        );
      },
      async zero(offset, length, signal) {
        await begin(offset, length, signal);
        await zerosUpTo(offset + length, signal);
      },
      async flush(signal) {
        await begin(size, 0, signal);
        await zerosUpTo(Math.ceil(size / CLUSTER) * CLUSTER, signal);
        await out.end(signal);
      },
      async close() {
        out.fail(new DiskUsageError('the image was closed before it was complete'));
      },
    },
  };
}
