import { open } from 'node:fs/promises';
import { checkJson, ManifestFile } from '@guts/contract';
import { GutsError } from '@guts/core';
import type { ChunkManifest } from '@guts/disk';

/** A manifest of 16 TiB has about a third of it. */
const LARGEST = 256 * 2 ** 20;

const bad = (message: string, cause?: unknown): GutsError =>
  new GutsError('bad_request', message, {
    ...(cause === undefined ? {} : { cause }),
    remedy: 'Give a file that guts migration manifest -o, or guts disk copy --manifest, has written.',
  });

/** @throws GutsError `bad_request` for a file that is no manifest, and what reading throws */
export async function readManifest(path: string): Promise<ChunkManifest> {
  const handle = await open(path);
  let text: string;
  try {
    if ((await handle.stat()).size > LARGEST)
      throw bad(`${path} is no manifest: it has more than ${LARGEST} bytes`);
    text = await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw bad(`${path} is no manifest: it is no JSON`, error);
  }
  const [fault] = checkJson({ ...ManifestFile }, value);
  if (fault) throw bad(`${path} is no manifest: ${`${fault.field} ${fault.message}`.trim()}`);
  const { size, chunk_size: chunkSize, algorithm, key, pieces } = value as ManifestFile;
  return {
    size,
    chunkSize,
    algorithm,
    key,
    pieces: pieces.map(({ first_chunk: firstChunk, chunks, digests }) => ({ firstChunk, chunks, digests })),
  };
}
