import { DiskUsageError } from '../errors.ts';
import type { DigestPiece } from '../types.ts';
import { DIGEST_BYTES } from './digest.ts';

/**
 * Gathers digests in the order of the chunks and gives them away in pieces. A chunk of zeros takes no room: what a
 * piece spans and names no digest for is zero.
 */
export class DigestLog {
  #first: number;
  #next: number;
  #digests = 0;
  #runs: { readonly first: number; readonly tags: Buffer[] }[] = [];

  /** @param first index of the chunk that comes first */
  constructor(first: number) {
    this.#first = first;
    this.#next = first;
  }

  /** Chunks that were added since the last piece. */
  get pending(): number {
    return this.#next - this.#first;
  }

  /** Digests among them. */
  get digests(): number {
    return this.#digests;
  }

  addZeros(chunks: number): void {
    this.#next += chunks;
  }

  add(tag: Buffer): void {
    const last = this.#runs.at(-1);
    if (last && last.first + last.tags.length === this.#next) last.tags.push(tag);
    else this.#runs.push({ first: this.#next, tags: [tag] });
    this.#next += 1;
    this.#digests += 1;
  }

  /** Everything since the last piece. */
  take(): DigestPiece {
    const digests = this.#runs
      .map(({ first, tags }) => `${first}:${Buffer.concat(tags).toString('base64')}`)
      .join(' ');
    const piece = { firstChunk: this.#first, chunks: this.pending, digests };
    this.#runs = [];
    this.#digests = 0;
    this.#first = this.#next;
    return piece;
  }
}

/** Digests of chunks that follow each other; the chunks between two runs are zero. */
export interface DigestRun {
  /** Index of the first chunk. */
  readonly first: number;
  readonly count: number;
  /** One digest after the other, `DIGEST_BYTES` each. */
  readonly tags: Buffer;
}

const RUN = /^(\d{1,15}):([A-Za-z0-9+/]+={0,2})$/;

/**
 * The runs of a piece, ascending.
 * @throws DiskUsageError when it is none that {@link DigestLog} made
 */
export function digestRuns({ firstChunk, chunks, digests }: DigestPiece): DigestRun[] {
  const bad = (why: string): DiskUsageError =>
    new DiskUsageError(
      `the digests of chunks ${firstChunk} to ${firstChunk + chunks} are no digests: ${why}`,
    );
  if (digests === '') return [];
  let at = firstChunk;
  return digests.split(' ').map((text) => {
    const [, number = '', base64 = ''] = RUN.exec(text) ?? [];
    const first = Number(number);
    const tags = Buffer.from(base64, 'base64');
    const count = tags.length / DIGEST_BYTES;
    if (number === '' || count === 0 || !Number.isInteger(count)) throw bad('not as they are written');
    if (first < at || first + count > firstChunk + chunks) throw bad('out of order or beyond their end');
    at = first + count;
    return { first, count, tags };
  });
}

/**
 * A piece in which some chunks have other digests.
 * @param changes by the index of the chunk; null: it is zero. Those of other pieces do not count.
 */
export function withDigests(piece: DigestPiece, changes: ReadonlyMap<number, Buffer | null>): DigestPiece {
  const tags = new Map<number, Buffer>();
  for (const { first, count, tags: all } of digestRuns(piece))
    for (let at = 0; at < count; at += 1)
      tags.set(first + at, all.subarray(at * DIGEST_BYTES, (at + 1) * DIGEST_BYTES));
  for (const [index, tag] of changes) {
    if (index < piece.firstChunk || index >= piece.firstChunk + piece.chunks) continue;
    if (tag) tags.set(index, tag);
    else tags.delete(index);
  }
  const log = new DigestLog(piece.firstChunk);
  for (let index = piece.firstChunk; index < piece.firstChunk + piece.chunks; index += 1) {
    const tag = tags.get(index);
    if (tag) log.add(tag);
    else log.addZeros(1);
  }
  return log.take();
}

/**
 * The number of chunks that pieces tell of from the start of the disk on.
 * @throws DiskUsageError when they do not follow each other
 */
export function chunksOf(pieces: readonly DigestPiece[]): number {
  let at = 0;
  for (const piece of pieces) {
    if (piece.firstChunk !== at)
      throw new DiskUsageError(`there are no digests of the chunks from ${at} to ${piece.firstChunk}`);
    digestRuns(piece);
    at += piece.chunks;
  }
  return at;
}
