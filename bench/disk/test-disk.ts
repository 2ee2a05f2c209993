import { createHash } from 'node:crypto';
import { open, readFile, rename, stat, writeFile } from 'node:fs/promises';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** A disk like a used one: `dataBytes` of data in scattered extents, the rest holes. Bytes. */
export interface TestDisk {
  readonly size: number;
  readonly dataBytes: number;
  readonly seed: number;
  /** All data in one piece, at the start. Default: in scattered extents. */
  readonly inOnePiece?: boolean;
}
/** As peers were measured with: 8 GiB, 2 GiB of data in extents of 64 KiB to 8 MiB. */
export const TEST_DISK: TestDisk = { size: 8 * GIB, dataBytes: 2 * GIB, seed: 20161122 };

/** sfc32 of PractRand: 32 random bits at each call, the same for the same seed. */
function random(seed: number): () => number {
  let [a, b, c, count] = [seed | 0, 0x9e3779b9, 0x243f6a88, 1];
  const next = (): number => {
    const sum = (a + b + count) | 0;
    count = (count + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let turn = 0; turn < 15; turn += 1) next();
  return next;
}

/** Extents of 64 KiB to 8 MiB (log-uniform), ascending, spread over the whole disk, in steps of 4 KiB. */
function extentsOf({
  size,
  dataBytes,
  seed,
  inOnePiece = false,
}: TestDisk): { offset: number; length: number }[] {
  if (inOnePiece) return [{ offset: 0, length: dataBytes }];
  const next = random(seed);
  const unit = (): number => next() / 2 ** 32;
  const lengths: number[] = [];
  for (let sum = 0; sum < dataBytes;) {
    const length = Math.min(dataBytes - sum, Math.round((64 * KIB * 128 ** unit()) / 4096) * 4096);
    lengths.push(length);
    sum += length;
  }
  const gaps = lengths.map(() => unit());
  const share = (size - dataBytes) / (gaps.reduce((sum, gap) => sum + gap, 0) + 1);
  let at = 0;
  return lengths.map((length, index) => {
    const offset = at + Math.floor(((gaps[index] ?? 0) * share) / 4096) * 4096;
    at = offset + length;
    return { offset, length };
  });
}

/** Half of the bytes cannot be compressed, half are like text. */
function fill(buffer: Buffer, next: () => number, text: Buffer): void {
  const words = new Uint32Array(buffer.buffer, buffer.byteOffset, buffer.length / 4);
  if (next() % 2 === 0) for (let at = 0; at < words.length; at += 1) words[at] = next();
  else
    for (let at = 0; at < buffer.length;) {
      const from = next() % (text.length - 64);
      at += text.copy(buffer, at, from, from + 16 + (next() % 48));
    }
}

/** The text from which the compressible half is pieced together: words of a made-up language. */
function wordsOf(next: () => number): Buffer {
  const word = (): string =>
    Array.from({ length: 2 + (next() % 8) }, () => String.fromCharCode(97 + (next() % 26))).join('');
  const list = Array.from({ length: 512 }, word);
  return Buffer.from(Array.from({ length: 8192 }, () => list[next() % list.length]).join(' '));
}

/** Makes the disk as a raw sparse file, unless it is there. @returns its extents of data */
export async function makeTestDisk(
  path: string,
  disk: TestDisk,
): Promise<{ offset: number; length: number }[]> {
  const extents = extentsOf(disk);
  const mark = createHash('sha256')
    .update(JSON.stringify([disk, extents]))
    .digest('hex');
  const there = await readFile(`${path}.mark`, 'utf8').catch(() => '');
  if (there === mark && (await stat(path)).size === disk.size) return extents;
  const file = await open(`${path}.tmp`, 'w');
  try {
    await file.truncate(disk.size);
    const next = random(disk.seed ^ 0x5bd1e995);
    const text = wordsOf(next);
    const buffer = Buffer.alloc(256 * KIB);
    for (const { offset, length } of extents)
      for (let done = 0; done < length; done += buffer.length) {
        fill(buffer, next, text);
        await file.write(buffer, 0, Math.min(buffer.length, length - done), offset + done);
      }
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.tmp`, path);
  await writeFile(`${path}.mark`, mark);
  return extents;
}
