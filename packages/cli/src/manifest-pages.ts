import { type ApiClient, ApiCallError, type Manifest, type ManifestPiece, routes } from '@guts/contract';

const wrong = (message: string): ApiCallError =>
  new ApiCallError(message, { status: 0, code: 'conflict', remedy: 'Ask again.' });

/**
 * The manifest of a disk: its facts with each of its pieces, from the first chunk to the last.
 * @throws ApiCallError `conflict` when the disk is copied anew meanwhile, and what the API answers
 */
export async function* manifestPieces(
  client: ApiClient,
  id: string,
  disk: string,
  signal: AbortSignal,
): AsyncGenerator<{ readonly manifest: Manifest; readonly pieces: readonly ManifestPiece[] }> {
  let after: string | undefined;
  let begun: Manifest | undefined;
  let chunks = 0;
  for (;;) {
    const query = { limit: '100', ...(after === undefined ? {} : { after }) };
    const { manifest, pieces, links } = await client.call(routes.migrations.manifest, {
      params: { id, disk },
      query,
      signal,
    });
    begun ??= manifest;
    if (manifest.key !== begun.key || manifest.pass !== begun.pass)
      throw wrong(`${manifest.disk.label} was copied anew while its manifest was read`);
    for (const piece of pieces) {
      if (piece.first_chunk !== chunks)
        throw wrong(`the manifest of ${manifest.disk.label} has no digests of chunk ${chunks}`);
      chunks += piece.chunks;
    }
    yield { manifest, pieces };
    const last = pieces.at(-1);
    if (links.next === null || !last) break;
    after = String(last.first_chunk);
  }
  if (chunks !== Math.ceil(begun.size / begun.chunk_size))
    throw wrong(`the manifest of ${begun.disk.label} ends at chunk ${chunks}`);
}

const DIGEST_BYTES = 16;

/** Chunks of a piece that have a digest: those that are not all zero. */
export function chunksWithData({ digests }: ManifestPiece): number {
  if (digests === '') return 0;
  return digests
    .split(' ')
    .map((run) => Buffer.byteLength(run.slice(run.indexOf(':') + 1), 'base64') / DIGEST_BYTES)
    .reduce((sum, count) => sum + count, 0);
}
