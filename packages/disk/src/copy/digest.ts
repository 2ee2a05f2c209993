import { createHash } from 'node:crypto';

const ZEROS = new Uint8Array(1024 * 1024);

/** A manifest's digest of a chunk: the first 16 bytes of its SHA-256, in hexadecimal. */
export function chunkDigest(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex').slice(0, 32);
}

/** The digest of `length` bytes of zero. */
export function zeroDigest(length: number): string {
  const hash = createHash('sha256');
  for (let left = length; left > 0; left -= ZEROS.length)
    hash.update(ZEROS.subarray(0, Math.min(left, ZEROS.length)));
  return hash.digest('hex').slice(0, 32);
}

/** `zeroDigest` that remembers its answers: a disk has chunks of two lengths at most. */
export function zeroDigests(): (length: number) => string {
  const known = new Map<number, string>();
  return (length) => {
    const digest = known.get(length) ?? zeroDigest(length);
    known.set(length, digest);
    return digest;
  };
}
