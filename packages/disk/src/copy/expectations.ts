import { DiskUsageError } from '../errors.ts';
import type { ChunkManifest } from '../types.ts';
import { DIGEST_BYTES } from './digest.ts';
import { chunksOf, type DigestRun, digestRuns } from './digest-log.ts';

/** The chunks of a range that are not zero, with their digests; ascending. */
export type ChunkExpectation = readonly { readonly index: number; readonly tag: Buffer }[];

/**
 * What the chunks of a disk must be, by its manifest. The answer is asked for ranges of chunks that ascend.
 * @throws DiskUsageError if the manifest is not whole
 */
export function expectations(manifest: ChunkManifest): (first: number, count: number) => ChunkExpectation {
  const { size, chunkSize, algorithm, key, pieces } = manifest;
  if (algorithm !== 'aes-128-gmac' || !/^[0-9a-f]{32}$/.test(key))
    throw new DiskUsageError(`the manifest has digests of an unknown kind (${JSON.stringify(algorithm)})`);
  const chunks = chunkSize > 0 ? Math.ceil(size / chunkSize) : -1;
  const told = chunksOf(pieces);
  if (told !== chunks)
    throw new DiskUsageError(
      `the manifest tells of ${told} chunks; a disk of ${size} bytes in chunks of ${chunkSize} has ${chunks}`,
    );
  const runs = allRuns(manifest);
  let run = runs.next();
  return (first, count) => {
    const found: { index: number; tag: Buffer }[] = [];
    while (run.done !== true && run.value.first < first + count) {
      const { first: from, count: length, tags } = run.value;
      for (let index = Math.max(from, first); index < Math.min(from + length, first + count); index += 1) {
        const at = (index - from) * DIGEST_BYTES;
        found.push({ index, tag: tags.subarray(at, at + DIGEST_BYTES) });
      }
      if (from + length > first + count) break;
      run = runs.next();
    }
    return found;
  };
}

function* allRuns({ pieces }: ChunkManifest): Generator<DigestRun> {
  for (const piece of pieces) yield* digestRuns(piece);
}
