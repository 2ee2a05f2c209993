import * as zlib from 'node:zlib';
import { CorruptDiskError, UnsupportedDiskError } from '../errors.ts';
import { readBytes, type ImageFile } from '../file/image-file.ts';
import type { UnpackCluster } from './clusters.ts';
import type { Qcow2Header } from './header.ts';
import { zstdFrameLength } from './zstd-frame.ts';

/** Inflates the beginning of `packed`, to at most `limit` bytes, and does not mind what follows it. */
export type Decompress = (packed: Uint8Array, limit: number) => Promise<Uint8Array>;

/**
 * Where a compressed cluster lies, from its L2 entry (QEMU, docs/interop/qcow2.txt, "Compressed Clusters
 * Descriptor"): x = 62 - (cluster_bits - 8) bits of position, then the number of further sectors of 512 bytes.
 */
export function packedPlace(
  high: number,
  low: number,
  clusterSize: number,
): { position: number; length: number } {
  // Position and count share the high half: x - 32 of its bits are the position's.
  const highBits = 62 - (Math.log2(clusterSize) - 8) - 32;
  const value = high & 0x3fff_ffff;
  const position = (value & (2 ** highBits - 1)) * 2 ** 32 + low;
  const sectors = (value >>> highBits) + 1;
  return { position, length: sectors * 512 - (position % 512) };
}

/** What unpacks an image's clusters. Throws `UnsupportedDiskError` if this Node cannot. */
export function clusterUnpacker(
  file: ImageFile,
  header: Qcow2Header,
  zstd: Decompress | undefined = zstdOfNode(),
): UnpackCluster {
  const { clusterSize, compression } = header;
  const decompress = compression === 'deflate' ? inflateCluster : zstd;
  if (!decompress)
    throw new UnsupportedDiskError(
      'this qcow2 image is compressed with zstd, which Node.js reads from version 22.15 on: use that, or convert ' +
        'the image (qemu-img convert -O qcow2)',
    );
  return async (position, length, signal) => {
    const packed = await readBytes(file, position, length, signal);
    let data: Uint8Array;
    try {
      data = await decompress(packed, clusterSize);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new CorruptDiskError(`a compressed cluster cannot be unpacked (${reason})`, position, {
        cause: error,
      });
    }
    if (data.length !== clusterSize)
      throw new CorruptDiskError(
        `a compressed cluster has ${data.length} bytes instead of ${clusterSize}`,
        position,
      );
    return data;
  };
}

function inflateCluster(packed: Uint8Array, limit: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const options = { windowBits: 12, chunkSize: Math.max(64, limit), maxOutputLength: limit };
    zlib.inflateRaw(packed, options, (error, data) => {
      if (error) reject(error);
      else resolve(data);
    });
  });
}

/** Node's own, from 22.15 on; its types are not yet those that this project is built with. */
function zstdOfNode(): Decompress | undefined {
  const { zstdDecompress } = zlib as {
    zstdDecompress?: (
      buffer: Uint8Array,
      options: object,
      done: (error: Error | null, data: Uint8Array) => void,
    ) => void;
  };
  if (!zstdDecompress) return undefined;
  return (packed, limit) =>
    new Promise((resolve, reject) => {
      const frame = packed.subarray(0, zstdFrameLength(packed));
      zstdDecompress(frame, { chunkSize: Math.max(64, limit), maxOutputLength: limit }, (error, data) => {
        if (error) reject(error);
        else resolve(data);
      });
    });
}
