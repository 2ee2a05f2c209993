import { existsSync } from 'node:fs';
import { ChunkThreads } from '@guts/disk';

/** They wait for storage more than for a processor; more of them copy no faster. */
const THREADS = 4;

/**
 * The threads that copy chunks of this host's files. The build puts what they run beside what runs here; run from the
 * sources there is none, and copies do without.
 */
export function chunkThreads(): ChunkThreads | undefined {
  const entry = new URL('chunk-thread.js', import.meta.url);
  return existsSync(entry) ? new ChunkThreads({ entry, count: THREADS }) : undefined;
}
