import { createHash } from 'node:crypto';
import { CorruptDiskError } from '../errors.ts';
import type { ImageFile } from '../file/image-file.ts';

export interface ManifestEntry {
  readonly file: string;
  readonly algorithm: 'sha1' | 'sha256' | 'sha512';
  /** Hexadecimal, small letters. */
  readonly digest: string;
}

const DIGEST_BYTES = { sha1: 20, sha256: 32, sha512: 64 } as const;
const PIECE = 1024 * 1024;

/** Reads lines such as "SHA256(disk.vmdk)= 0123..." (DMTF DSP0243, "Distribution"). Throws `CorruptDiskError`. */
export function parseManifest(text: string): ManifestEntry[] {
  const entries: ManifestEntry[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') continue;
    const [, name = '', file = '', digest = ''] =
      /^\s*(SHA1|SHA256|SHA512)\s*\((.*)\)\s*=\s*([0-9a-f]+)\s*$/i.exec(line) ?? [];
    const algorithm = name.toLowerCase() as ManifestEntry['algorithm'];
    if (name === '' || digest.length !== 2 * DIGEST_BYTES[algorithm])
      throw new CorruptDiskError(`the manifest has a line that cannot be read: ${line.slice(0, 200)}`, 0);
    entries.push({ file, algorithm, digest: digest.toLowerCase() });
  }
  return entries;
}

/** Throws `CorruptDiskError` unless the file's bytes have the digest. */
export async function checkDigest(file: ImageFile, entry: ManifestEntry, signal: AbortSignal): Promise<void> {
  const hash = createHash(entry.algorithm);
  for await (const piece of pieces(file, signal)) hash.update(piece);
  const found = hash.digest('hex');
  if (found !== entry.digest)
    throw new CorruptDiskError(
      `${file.name} has the ${entry.algorithm} ${found}, but the manifest says ${entry.digest}`,
      0,
    );
}

/** The file from beginning to end. A piece belongs to the consumer. */
export async function* pieces(file: ImageFile, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.size; at += PIECE) {
    const piece = new Uint8Array(Math.min(PIECE, file.size - at));
    await file.read(at, piece, signal);
    yield piece;
  }
}
