import { setMaxListeners } from 'node:events';
import { DiskSizeError, DiskUsageError } from '../errors.ts';
import { mapOrdered } from '../ordered.ts';
import type { ChunkManifest, DiskReader, Extent, VerifyProgress, VerifyResult } from '../types.ts';
import { chunkDigest } from './digest.ts';

export interface VerifyJob {
  readonly manifest: ChunkManifest;
  /** The destination itself. All of its bytes are read, whatever its map says. */
  readonly reader: DiskReader;
  /** Chunks held at once. Default 4. */
  readonly inFlight?: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: VerifyProgress) => void;
}

/**
 * Reads a disk and compares it with the manifest of its copy. A difference is a result, not an error.
 * Throws `DiskSizeError` if the disk is smaller than the manifest, `DiskUsageError` if the manifest is not whole.
 */
export async function verifyDisk(job: VerifyJob): Promise<VerifyResult> {
  const { manifest, reader, signal: outer } = job;
  const { size, chunkSize, digests } = manifest;
  if (!(chunkSize > 0) || digests.length !== Math.ceil(size / chunkSize))
    throw new DiskUsageError(
      `the manifest has ${digests.length} digests for ${size} bytes in chunks of ${chunkSize}`,
    );
  if (reader.size < size)
    throw new DiskSizeError(`the disk to verify has ${reader.size} bytes, fewer than the manifest's ${size}`);
  outer.throwIfAborted();
  const failure = new AbortController();
  const signal = AbortSignal.any([outer, failure.signal]);
  setMaxListeners(0, signal);
  const mismatches: Extent[] = [];
  let bytesChecked = 0;

  async function* expected(): AsyncGenerator<{ offset: number; length: number; digest: string }> {
    for (const [index, digest] of digests.entries()) {
      const offset = index * chunkSize;
      yield { offset, length: Math.min(chunkSize, size - offset), digest };
    }
  }
  try {
    const checks = mapOrdered(expected(), job.inFlight ?? 4, async ({ offset, length, digest }) => {
      const data = new Uint8Array(length);
      try {
        await reader.read(offset, data, signal);
      } catch (error) {
        failure.abort(error);
        throw error;
      }
      return { offset, length, same: chunkDigest(data) === digest };
    });
    for await (const { offset, length, same } of checks) {
      if (!same) addMismatch(mismatches, { offset, length });
      bytesChecked += length;
      try {
        job.onProgress?.({ bytesDone: bytesChecked, bytesTotal: size });
      } catch (error) {
        failure.abort(error);
        throw error;
      }
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    failure.abort();
  }
  return { mismatches, bytesChecked };
}

function addMismatch(mismatches: Extent[], { offset, length }: Extent): void {
  const last = mismatches.at(-1);
  if (last && last.offset + last.length === offset)
    mismatches[mismatches.length - 1] = { offset: last.offset, length: last.length + length };
  else mismatches.push({ offset, length });
}
