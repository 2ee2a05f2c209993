import { type Manifest, MANIFEST_PAGE_MAX, type ManifestPiece, routes } from '@guts/contract';
import {
  type DigestScheme,
  type DiskPass,
  GutsError,
  type SentImage,
  type Store,
  type Verification,
} from '@guts/core';
import { snake } from '../wire/snake.ts';

const PAGE = 20;

/** What a worker stores of a pass that has ended. */
interface EndedPass {
  readonly chunks: DigestScheme;
  readonly target: string;
  readonly upload?: SentImage & { readonly format: string };
}

type Read = Pick<Store, 'listDisks' | 'listPasses' | 'listCheckpoints'>;

/** The last pass of a disk, and what it is called. @throws GutsError `not_found`: why there is no manifest */
async function lastPass(
  store: Read,
  migrationId: string,
  diskKey: string,
): Promise<{ pass: DiskPass; finishedAt: string; stored: EndedPass; label: string }> {
  const [disks, passes] = await Promise.all([store.listDisks(migrationId), store.listPasses(migrationId)]);
  const disk = disks.find((one) => one.diskKey === diskKey);
  const pass = passes.findLast((one) => one.diskKey === diskKey);
  const label = disk?.label ?? `disk ${diskKey}`;
  if (!disk && !pass)
    throw new GutsError('not_found', `the migration has no disk "${diskKey}"`, {
      field: 'params.disk',
      remedy:
        disks.length === 0
          ? 'Its disks are known when its preflight is done.'
          : `Its disks are ${disks.map((one) => `${one.diskKey} (${one.label})`).join(', ')}.`,
    });
  if (!pass || pass.finishedAt === null)
    throw new GutsError('not_found', `${label} has no manifest: no copy of it has ended`, {
      remedy: 'Ask again when its step transfer is done.',
    });
  const stored = pass.manifest as Partial<EndedPass> | null;
  // An earlier version kept its digests elsewhere, without a key.
  if (typeof stored?.chunks?.key !== 'string')
    throw new GutsError('not_found', `${label} has no manifest: its copy ended under an earlier version`, {
      remedy: 'Its report says how it was verified then.',
    });
  return { pass, finishedAt: pass.finishedAt, stored: stored as EndedPass, label };
}

/**
 * A page of a disk's manifest.
 * @throws GutsError `not_found` when the disk is unknown, or no copy of it has ended
 */
export async function manifestPage(
  store: Read,
  migrationId: string,
  diskKey: string,
  query: { readonly after?: string | undefined; readonly limit?: string | undefined },
  href: (path: string) => string,
): Promise<{ manifest: Manifest; pieces: ManifestPiece[]; links: { next: string | null } }> {
  const { pass, finishedAt, stored, label } = await lastPass(store, migrationId, diskKey);
  const { size, chunkSize, algorithm, key } = stored.chunks;
  const limit = Math.min(Number(query.limit ?? PAGE), MANIFEST_PAGE_MAX);
  const after = query.after === undefined ? {} : { after: Number(query.after) };
  const pieces = await store.listCheckpoints(migrationId, diskKey, pass.number, { ...after, limit });
  const last = pieces.at(-1);
  if (!last && query.after === undefined && size > 0)
    throw new GutsError('not_found', `${label} has no manifest any more: what was copied of it is gone`, {
      remedy: 'It was undone, or is being copied anew: then ask again when its step transfer is done.',
    });
  const whole = !last || (last.firstChunk + last.chunks) * chunkSize >= size;
  const path = routes.migrations.manifest.path
    .replace(':id', encodeURIComponent(migrationId))
    .replace(':disk', encodeURIComponent(diskKey));
  return {
    manifest: {
      disk: { key: diskKey, label },
      pass: pass.number,
      size,
      chunk_size: chunkSize,
      algorithm,
      key,
      target: stored.target,
      upload: stored.upload ? snake(stored.upload) : null,
      verification: pass.verification === null ? null : snake(pass.verification as Verification),
      finished_at: finishedAt,
    },
    pieces: pieces.map(({ firstChunk, chunks, digests }) => ({ first_chunk: firstChunk, chunks, digests })),
    links: { next: whole ? null : `${href(path)}?limit=${limit}&after=${last.firstChunk}` },
  };
}
