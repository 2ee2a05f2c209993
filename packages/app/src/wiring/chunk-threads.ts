import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { ChunkThreads } from '@guts/disk';

/** More copy no faster: the kernel lets one at a time write to a file. */
const MOST = 4;

/**
 * The threads that copy chunks of this host's files. The build puts what they run beside what runs here; run from the
 * sources there is none, and copies do without.
 */
export function chunkThreads(): ChunkThreads | undefined {
  const entry = new URL('chunk-thread.js', import.meta.url);
  if (!existsSync(entry)) return undefined;
  return new ChunkThreads({ entry, count: Math.min(MOST, availableParallelism()) });
}
