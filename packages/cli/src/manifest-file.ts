import { open, rm } from 'node:fs/promises';
import type { ManifestFile, ManifestPiece } from '@guts/contract';
import { UsageError } from './context.ts';

/** How the digests of a disk were made. */
export type ManifestScheme = Omit<ManifestFile, 'guts_manifest' | 'pieces'>;

/**
 * Writes a manifest to a new file, piece by piece: one JSON document, on disk when this resolves. On failure there is
 * no file.
 * @throws UsageError when there is a file of that name, or none can be made
 */
export async function writeManifestFile(
  file: string,
  { size, chunk_size, algorithm, key }: ManifestScheme,
  pieces: AsyncIterable<ManifestPiece> | Iterable<ManifestPiece>,
): Promise<void> {
  const handle = await open(file, 'wx').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      error.code === 'EEXIST'
        ? `there is a file ${file} already: give another name, or remove it`
        : `${file} cannot be written: ${error.message}`,
    );
  });
  try {
    const head = JSON.stringify({ guts_manifest: 1, size, chunk_size, algorithm, key });
    await handle.write(`${head.slice(0, -1)},"pieces":[`);
    let comma = '';
    for await (const { first_chunk, chunks, digests } of pieces) {
      await handle.write(`${comma}\n${JSON.stringify({ first_chunk, chunks, digests })}`);
      comma = ',';
    }
    await handle.write('\n]}\n');
    await handle.sync();
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}
