import { CorruptDiskError, UnsupportedDiskError } from '../errors.ts';

/**
 * The header of a qcow2 image, versions 2 and 3: QEMU, docs/interop/qcow2.txt, sections "Header" and "Additional
 * fields". Big-endian; units are bytes.
 */
export interface Qcow2Header {
  readonly version: 2 | 3;
  /** Size of the disk. */
  readonly size: number;
  readonly clusterSize: number;
  readonly l1Position: number;
  /** Entries of the L1 table that the disk needs; the table may have more. */
  readonly l1Entries: number;
  readonly compression: 'deflate' | 'zstd';
  /** Whether L2 entries have 16 bytes and tell of subclusters. */
  readonly extendedL2: boolean;
}

const MAGIC = 0x514649fb;
export const QCOW2_HEADER_MAX = 112;
const V2_LENGTH = 72;
const V3_LENGTH = 104;
/** QEMU's own bound (QCOW_MAX_L1_SIZE): 2 PiB in clusters of 64 KiB. */
const MAX_L1_BYTES = 32 * 1024 * 1024;

const CORRUPT = 1n << 1n;
const EXTERNAL_DATA = 1n << 2n;
const COMPRESSION_TYPE = 1n << 3n;
const EXTENDED_L2 = 1n << 4n;
/** Bit 0, "dirty", only says that refcounts may be wrong (lazy refcounts); who only reads needs none. */
const KNOWN = 0b1_1111n;

/** Parses the first bytes of an image. Throws `CorruptDiskError` or `UnsupportedDiskError`, which says what to do. */
export function parseQcow2Header(bytes: Uint8Array): Qcow2Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const corrupt = (reason: string, at: number): never => {
    throw new CorruptDiskError(reason, at);
  };
  if (bytes.length < V2_LENGTH || view.getUint32(0) !== MAGIC)
    return corrupt('this is no qcow2 image (no QFI magic, or too short)', 0);
  const version = view.getUint32(4);
  if (version !== 2 && version !== 3)
    throw new UnsupportedDiskError(`qcow version ${version} is not supported (2 and 3 are)`);
  if (version === 3 && bytes.length < V3_LENGTH) corrupt('the header ends too early', bytes.length);
  const features = version === 3 ? view.getBigUint64(72) : 0n;
  refuseFeatures(features);
  if (view.getBigUint64(8) !== 0n)
    throw new UnsupportedDiskError(
      'this qcow2 image has a backing file, which holds part of the disk: flatten it (qemu-img convert) first',
    );
  const crypt = view.getUint32(32);
  if (crypt !== 0)
    throw new UnsupportedDiskError(
      `this qcow2 image is encrypted (${crypt === 1 ? 'AES' : crypt === 2 ? 'LUKS' : `method ${crypt}`}): decrypt it (qemu-img convert) first`,
    );

  const clusterBits = view.getUint32(20);
  if (clusterBits < 9 || clusterBits > 21)
    corrupt(`clusters of 2^${clusterBits} bytes (2^9 to 2^21 are allowed)`, 20);
  const clusterSize = 2 ** clusterBits;
  const extendedL2 = (features & EXTENDED_L2) !== 0n;
  if (extendedL2 && clusterBits < 14) corrupt('extended L2 entries in clusters of less than 16 KiB', 20);

  const declared = view.getBigUint64(24);
  if (declared > BigInt(Number.MAX_SAFE_INTEGER)) corrupt(`a disk of ${declared} bytes`, 24);
  const size = Number(declared);
  const l1Entries = Math.ceil(size / (clusterSize * (clusterSize / (extendedL2 ? 16 : 8))));
  if (l1Entries * 8 > MAX_L1_BYTES)
    throw new UnsupportedDiskError(
      `this qcow2 image needs an L1 table of ${l1Entries * 8} bytes (at most ${MAX_L1_BYTES} are read)`,
    );
  if (view.getUint32(36) < l1Entries)
    corrupt(`an L1 table of ${view.getUint32(36)} entries, where the disk needs ${l1Entries}`, 36);
  const l1Position = view.getBigUint64(40);
  if (l1Position > BigInt(Number.MAX_SAFE_INTEGER) || l1Position % BigInt(clusterSize) !== 0n)
    corrupt(`an L1 table at byte ${l1Position}`, 40);
  return {
    version,
    size,
    clusterSize,
    l1Position: Number(l1Position),
    l1Entries,
    compression: version === 3 ? compressionOf(view, features, clusterSize) : 'deflate',
    extendedL2,
  };
}

function refuseFeatures(features: bigint): void {
  if ((features & CORRUPT) !== 0n)
    throw new CorruptDiskError('the image is marked as corrupt: repair it (qemu-img check -r all) first', 72);
  if ((features & EXTERNAL_DATA) !== 0n)
    throw new UnsupportedDiskError(
      'this qcow2 image keeps its data in another file: convert it (qemu-img convert) first',
    );
  const unknown = features & ~KNOWN;
  if (unknown !== 0n)
    throw new UnsupportedDiskError(
      `this qcow2 image needs features that are not known here (bits 0x${unknown.toString(16)})`,
    );
}

function compressionOf(view: DataView, features: bigint, clusterSize: number): 'deflate' | 'zstd' {
  const headerLength = view.getUint32(100);
  if (headerLength < V3_LENGTH || headerLength > clusterSize)
    throw new CorruptDiskError(`a header of ${headerLength} bytes`, 100);
  const type = headerLength > V3_LENGTH && view.byteLength > V3_LENGTH ? view.getUint8(104) : 0;
  if ((type !== 0) !== ((features & COMPRESSION_TYPE) !== 0n))
    throw new CorruptDiskError(`compression type ${type} contradicts the image's features`, 104);
  if (type > 1) throw new UnsupportedDiskError(`compression type ${type} of qcow2 is not known here`);
  return type === 1 ? 'zstd' : 'deflate';
}
