import {
  type ChunkManifest,
  type CopyCheckpoint,
  type DigestPiece,
  type DigestScheme,
  GutsError,
} from '@guts/core';
import type { Journal } from '../journal.ts';

/** A disk in a pass. */
export interface DiskInPass {
  readonly diskKey: string;
  readonly pass: number;
}

/** What is known of the target's first bytes, in the shape that a copy goes on from; undefined: nothing is. */
export async function resumption(
  journal: Journal,
  { diskKey, pass }: DiskInPass,
): Promise<Omit<ChunkManifest, 'size' | 'algorithm'> | undefined> {
  const checkpoints = await journal.checkpoints(diskKey, pass);
  const [first] = checkpoints;
  return first && { chunkSize: first.chunkSize, key: first.key, pieces: checkpoints };
}

/** Digests of a pass as they were stored beside its copy. @throws GutsError `internal` when there are none */
export async function storedManifest(
  journal: Journal,
  at: DiskInPass,
  scheme: DigestScheme,
): Promise<ChunkManifest> {
  const stored = await resumption(journal, at);
  if (scheme.size > 0 && !stored)
    throw new GutsError('internal', `the journal has no digests of disk ${at.diskKey}`);
  return { ...scheme, pieces: stored?.pieces ?? [] };
}

export function storePiece(
  journal: Journal,
  { diskKey, pass }: DiskInPass,
  { bytesDone, piece, chunkSize, key }: CopyCheckpoint,
): Promise<void> {
  const { firstChunk, chunks, digests } = piece;
  return journal.putCheckpoint({
    migrationId: journal.migration.id,
    diskKey,
    pass,
    flushedBytes: bytesDone,
    firstChunk,
    chunks,
    chunkSize,
    key,
    digests,
  });
}

/** Stores other digests for the chunks of a piece. */
export function replacePiece(
  journal: Journal,
  { diskKey, pass }: DiskInPass,
  { size, chunkSize, key }: DigestScheme,
  piece: DigestPiece,
): Promise<void> {
  const flushedBytes = Math.min(size, (piece.firstChunk + piece.chunks) * chunkSize);
  return journal.replaceDigests({
    migrationId: journal.migration.id,
    diskKey,
    pass,
    flushedBytes,
    chunkSize,
    key,
    ...piece,
  });
}

/** Stores the digests of a copy that left no checkpoints, and gives back how they were made. */
export async function storeManifest(
  journal: Journal,
  at: DiskInPass,
  { pieces, ...scheme }: ChunkManifest,
): Promise<DigestScheme> {
  for (const piece of pieces) {
    const bytesDone = Math.min(scheme.size, (piece.firstChunk + piece.chunks) * scheme.chunkSize);
    await storePiece(journal, at, { bytesDone, piece, chunkSize: scheme.chunkSize, key: scheme.key });
  }
  return scheme;
}
