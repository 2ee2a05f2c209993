import Type from 'typebox';
import { Bytes, Nullable, Timestamp } from './common.ts';
import { Verification } from './migration.ts';

/** Pieces on one page: one may hold the digests of a few thousand chunks, some 22 characters each. */
export const MANIFEST_PAGE_MAX = 100;

export const ManifestPiece = Type.Object({
  first_chunk: Type.Integer({ minimum: 0, description: 'index of its first chunk' }),
  chunks: Type.Integer({ minimum: 1, description: 'how many follow each other' }),
  digests: Type.String({
    description:
      'runs of chunks with data, ascending, separated by blanks: the index of the first chunk, a colon, and the digests in base64, one after the other; chunks that no run has are zero',
  }),
});
export type ManifestPiece = Type.Static<typeof ManifestPiece>;

/** How the digests of a disk were made, and of what. */
const scheme = {
  size: Bytes,
  chunk_size: Type.Integer({ minimum: 1, description: 'bytes; the last chunk may have fewer' }),
  algorithm: Type.String({ description: 'aes-128-gmac: 16 bytes for each chunk that is not all zero' }),
  key: Type.String({ description: 'of the digests, in hexadecimal' }),
};

/** What was copied of a disk, without the digests. */
export const Manifest = Type.Object({
  disk: Type.Object({ key: Type.String(), label: Type.String() }),
  pass: Type.Integer({ description: 'that was copied last' }),
  ...scheme,
  target: Type.String({ description: 'id of the volume or image that the bytes were written to' }),
  upload: Nullable(
    Type.Object(
      {
        format: Type.String(),
        bytes_sent: Bytes,
        sha512: Nullable(Type.String({ description: 'in hexadecimal; null: verify_data is off' })),
      },
      { description: 'the stream that was sent to the image service; null: none was' },
    ),
  ),
  verification: Nullable(Verification),
  finished_at: Timestamp,
});
export type Manifest = Type.Static<typeof Manifest>;

/** What is written to a file, and read from one: the digests of one disk. */
export const ManifestFile = Type.Object({
  guts_manifest: Type.Literal(1),
  size: Bytes,
  chunk_size: scheme.chunk_size,
  algorithm: Type.Literal('aes-128-gmac'),
  key: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  pieces: Type.Array(ManifestPiece),
});
export type ManifestFile = Type.Static<typeof ManifestFile>;
