/** qcow2, versions 2 and 3 (QEMU's docs/interop/qcow2.txt): allocated, zero and deflated clusters; no backing file. */
import type { FileHandle } from 'node:fs/promises';
import { constants, inflateRawSync } from 'node:zlib';
import { DiskError, readAt, type Disk } from './reading.ts';

const MAGIC = 0x514649fb;
const OFFSET_MASK = 0x00fffffffffffe00n;
const COMPRESSED = 1n << 62n;
const ZERO_FLAG = 1n;
/** Incompatible features that change nothing for a reader: dirty. */
const HARMLESS = 1n;

interface Header {
  readonly clusterBits: number;
  readonly size: number;
  readonly l1Entries: number;
  readonly l1Offset: number;
}

export async function openQcow2(file: FileHandle): Promise<Disk> {
  const header = parse(await readAt(file, 0, 104));
  const clusterSize = 2 ** header.clusterBits;
  const perTable = clusterSize / 8;
  const l1 = await readAt(file, header.l1Offset, header.l1Entries * 8);
  let cached: { readonly at: number; readonly table: Buffer } | undefined;

  async function entry(cluster: number): Promise<bigint> {
    const index = Math.floor(cluster / perTable);
    if (index >= header.l1Entries) return 0n;
    const at = Number(l1.readBigUInt64BE(index * 8) & OFFSET_MASK);
    if (at === 0) return 0n;
    if (cached?.at !== at) cached = { at, table: await readAt(file, at, clusterSize) };
    return cached.table.readBigUInt64BE((cluster % perTable) * 8);
  }

  async function cluster(index: number): Promise<Buffer> {
    const found = await entry(index);
    if ((found & COMPRESSED) !== 0n) return inflate(file, found, header.clusterBits);
    const at = Number(found & OFFSET_MASK);
    if (at === 0 || (found & ZERO_FLAG) !== 0n) return Buffer.alloc(clusterSize);
    return readAt(file, at, clusterSize);
  }

  return {
    size: header.size,
    blockSize: clusterSize,
    async mapped(offset) {
      const found = await entry(Math.floor(offset / clusterSize));
      return (found & COMPRESSED) !== 0n || ((found & OFFSET_MASK) !== 0n && (found & ZERO_FLAG) === 0n);
    },
    async read(offset, length) {
      const end = Math.min(offset + length, header.size);
      const parts: Buffer[] = [];
      for (let at = offset; at < end;) {
        const bytes = await cluster(Math.floor(at / clusterSize));
        const from = at % clusterSize;
        const part = bytes.subarray(from, Math.min(clusterSize, from + end - at));
        parts.push(part);
        at += part.length;
      }
      return Buffer.concat(parts);
    },
    close: () => file.close(),
  };
}

function parse(bytes: Buffer): Header {
  if (bytes.readUInt32BE(0) !== MAGIC) throw new DiskError('Not a qcow2 file: its magic is missing.');
  const version = bytes.readUInt32BE(4);
  if (version !== 2 && version !== 3) throw new DiskError(`qcow2 version ${version} is unknown.`);
  if (bytes.readBigUInt64BE(8) !== 0n) throw new DiskError('qcow2 files with a backing file are refused.');
  if (bytes.readUInt32BE(32) !== 0) throw new DiskError('Encrypted qcow2 files cannot be read.');
  const features = version === 3 ? bytes.readBigUInt64BE(72) : 0n;
  if ((features & ~HARMLESS) !== 0n)
    throw new DiskError(`qcow2 features 0x${features.toString(16)} are not known.`);
  const clusterBits = bytes.readUInt32BE(20);
  if (clusterBits < 9 || clusterBits > 21)
    throw new DiskError(`qcow2 cluster bits ${clusterBits} are out of range.`);
  return {
    clusterBits,
    size: Number(bytes.readBigUInt64BE(24)),
    l1Entries: bytes.readUInt32BE(36),
    l1Offset: Number(bytes.readBigUInt64BE(40)),
  };
}

/** Compressed cluster descriptor: byte offset below bit `62 - (clusterBits - 8)`, further 512-byte sectors above it. */
async function inflate(file: FileHandle, descriptor: bigint, clusterBits: number): Promise<Buffer> {
  const split = BigInt(62 - (clusterBits - 8));
  const at = Number(descriptor & ((1n << split) - 1n));
  const sectors = Number((descriptor & (COMPRESSED - 1n)) >> split);
  const packed = await readAt(file, at, (sectors + 1) * 512 - (at % 512));
  const clusterSize = 2 ** clusterBits;
  const plain = inflated(packed, clusterSize);
  if (plain.length !== clusterSize)
    throw new DiskError(`A compressed cluster holds ${plain.length} bytes, not ${clusterSize}.`);
  return plain;
}

function inflated(packed: Buffer, clusterSize: number): Buffer {
  try {
    return inflateRawSync(packed, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: clusterSize });
  } catch (error) {
    throw new DiskError(`A compressed cluster cannot be inflated: ${(error as Error).message}`);
  }
}
