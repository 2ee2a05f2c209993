import { deflateRawSync } from 'node:zlib';
import { dice, type Dice } from './dice.ts';

/**
 * Makes qcow2 images for tests, with every kind of cluster in any order. Written from QEMU's description of the format
 * alone; shares nothing with the reader. Refcounts are all zero, since only writers need them.
 */
export interface Qcow2Options {
  readonly version: 2 | 3;
  readonly clusterBits: number;
  readonly extendedL2: boolean;
  readonly seed: number;
  /** Bits of incompatible features beside those that the options ask for. */
  readonly features?: bigint;
}
export interface Qcow2Written {
  readonly bytes: Buffer;
  /** Byte positions of the L1 table, of each L2 table, and of the L2 entries of stored and of packed clusters. */
  readonly l1: number;
  readonly l2: readonly number[];
  readonly stored: readonly number[];
  readonly packed: readonly number[];
}

const COPIED = 1n << 63n;
const COMPRESSED = 1n << 62n;

export function writeQcow2(disk: Buffer, options: Qcow2Options): Qcow2Written {
  const { version, clusterBits, extendedL2 } = options;
  const chance = dice(options.seed);
  const cluster = 2 ** clusterBits;
  const entryBytes = extendedL2 ? 16 : 8;
  const perTable = cluster / entryBytes;
  const clusterCount = Math.ceil(disk.length / cluster);
  const tableCount = Math.ceil(clusterCount / perTable);
  const pieces: { readonly at: number; readonly bytes: Buffer }[] = [];
  let end = cluster;
  const put = (bytes: Buffer, aligned = true): number => {
    if (aligned) end = Math.ceil(end / cluster) * cluster;
    const at = end;
    pieces.push({ at, bytes });
    end += bytes.length;
    return at;
  };

  const tables = Array.from({ length: tableCount }, () => Buffer.alloc(cluster));
  const stored: { table: number; entry: number }[] = [];
  const packed: { table: number; entry: number }[] = [];
  for (const index of chance.shuffled([...Array(clusterCount).keys()])) {
    const data = Buffer.alloc(cluster);
    disk.copy(data, 0, index * cluster, (index + 1) * cluster);
    const table = Math.floor(index / perTable);
    const entry = (index % perTable) * entryBytes;
    const zero = data.every((byte) => byte === 0);
    const deflated = deflateRawSync(data, { windowBits: 12 });
    if (chance.roll(3) === 0 && deflated.length < cluster) {
      const at = put(deflated, chance.roll(2) === 0);
      const sectors = BigInt(Math.floor((at + deflated.length - 1) / 512) - Math.floor(at / 512));
      const x = BigInt(62 - (clusterBits - 8));
      tables[table]!.writeBigUInt64BE(COMPRESSED | (sectors << x) | BigInt(at), entry);
      packed.push({ table, entry });
    } else if (extendedL2) {
      const { descriptor, bitmap } = subclusters(data, chance, () => put(data));
      tables[table]!.writeBigUInt64BE(descriptor, entry);
      tables[table]!.writeBigUInt64BE(bitmap, entry + 8);
      if (descriptor !== 0n) stored.push({ table, entry });
    } else if (zero && chance.roll(4) > 0) {
      // Not there, or marked as zeros, with a cluster of old bytes or without.
      const kind = version === 3 ? chance.roll(3) : 0;
      if (kind === 1) tables[table]!.writeBigUInt64BE(1n, entry);
      if (kind === 2)
        tables[table]!.writeBigUInt64BE(COPIED | BigInt(put(chance.bytes(cluster))) | 1n, entry);
    } else {
      tables[table]!.writeBigUInt64BE((chance.roll(2) ? COPIED : 0n) | BigInt(put(data)), entry);
      stored.push({ table, entry });
    }
  }
  const l2: number[] = [];
  const l1 = Buffer.alloc(Math.max(8, tableCount * 8));
  for (const index of chance.shuffled([...tables.keys()])) {
    if (tables[index]!.every((byte) => byte === 0) && chance.roll(2) === 0) continue;
    l2[index] = put(tables[index]!);
    l1.writeBigUInt64BE(COPIED | BigInt(l2[index]), index * 8);
  }
  const l1At = put(l1);
  // QEMU wants a refcount table to be there, though it need not look into it.
  const refcounts = put(Buffer.alloc(cluster));
  const header = Buffer.alloc(version === 3 ? 112 : 72);
  header.write('QFI\xfb', 0, 'latin1');
  header.writeUInt32BE(version, 4);
  header.writeUInt32BE(clusterBits, 20);
  header.writeBigUInt64BE(BigInt(disk.length), 24);
  header.writeUInt32BE(tableCount, 36);
  header.writeBigUInt64BE(BigInt(l1At), 40);
  header.writeBigUInt64BE(BigInt(refcounts), 48);
  header.writeUInt32BE(1, 56);
  if (version === 3) {
    header.writeBigUInt64BE((extendedL2 ? 16n : 0n) | (options.features ?? 0n), 72);
    header.writeUInt32BE(4, 96);
    header.writeUInt32BE(104, 100);
  }
  const bytes = Buffer.alloc(end);
  header.copy(bytes);
  for (const piece of pieces) piece.bytes.copy(bytes, piece.at);
  const positions = (all: readonly { table: number; entry: number }[]): number[] =>
    all.map(({ table, entry }) => l2[table]! + entry);
  return {
    bytes,
    l1: l1At,
    l2: l2.filter((at) => at !== undefined),
    stored: positions(stored),
    packed: positions(packed),
  };
}

/** Every subcluster of zeros is not there, marked, or stored; the others are stored. */
function subclusters(
  data: Buffer,
  { roll }: Dice,
  store: () => number,
): { descriptor: bigint; bitmap: bigint } {
  const size = data.length / 32;
  let bitmap = 0n;
  for (let index = 0; index < 32; index += 1) {
    const zero = data.subarray(index * size, (index + 1) * size).every((byte) => byte === 0);
    const kind = zero ? roll(3) : 2;
    if (kind === 1) bitmap |= 1n << BigInt(32 + index);
    if (kind === 2) bitmap |= 1n << BigInt(index);
  }
  const allocated = (bitmap & 0xffff_ffffn) !== 0n;
  return { descriptor: allocated ? COPIED | BigInt(store()) : 0n, bitmap };
}
