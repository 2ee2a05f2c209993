import { CorruptDiskError } from '../errors.ts';

/** A header of the ustar format and its GNU kin (POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format"). */
export interface TarHeader {
  readonly name: string;
  /** Bytes of data that follow. */
  readonly size: number;
  /** One character: '0' is a regular file. */
  readonly type: string;
}

export const TAR_BLOCK = 512;

/** Whether this block begins a tar archive: its magic and its checksum are right. */
export function isTarHeader(block: Uint8Array): boolean {
  return block.length >= TAR_BLOCK && text(block, 257, 5) === 'ustar' && checksumIsRight(block);
}

/** Reads a header found at byte `position`. Throws `CorruptDiskError`. */
export function parseTarHeader(block: Uint8Array, position: number): TarHeader {
  if (!isTarHeader(block)) throw new CorruptDiskError('this is no header of a tar archive', position);
  const type = String.fromCharCode(block[156] ?? 0).replace('\0', '0');
  // GNU tar has other things where POSIX has the beginning of a long name.
  const prefix = block[262] === 0 ? text(block, 345, 155) : '';
  const name = text(block, 0, 100);
  return { name: prefix === '' ? name : `${prefix}/${name}`, size: sizeOf(block, position), type };
}

function checksumIsRight(block: Uint8Array): boolean {
  let sum = 0;
  for (let at = 0; at < TAR_BLOCK; at += 1) sum += at >= 148 && at < 156 ? 0x20 : (block[at] ?? 0);
  return octal(block, 148, 8) === sum;
}

/** Octal digits, or for 8 GiB and more a big-endian number whose first bit is set (GNU). */
function sizeOf(block: Uint8Array, position: number): number {
  if (((block[124] ?? 0) & 0x80) === 0) {
    const size = octal(block, 124, 12);
    if (size === undefined) throw new CorruptDiskError('a member of the archive has no size', position);
    return size;
  }
  const view = new DataView(block.buffer, block.byteOffset, TAR_BLOCK);
  const high = view.getUint32(124) & 0x7fff_ffff;
  const low = view.getBigUint64(128);
  if (high !== 0 || low > BigInt(Number.MAX_SAFE_INTEGER))
    throw new CorruptDiskError('a member of the archive has an impossible size', position);
  return Number(low);
}

function octal(block: Uint8Array, at: number, length: number): number | undefined {
  const [, digits] =
    /^ *([0-7]+)[ \0]*$/.exec(Buffer.from(block.subarray(at, at + length)).toString('latin1')) ?? [];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}

function text(block: Uint8Array, at: number, length: number): string {
  const bytes = Buffer.from(block.subarray(at, at + length));
  const nul = bytes.indexOf(0);
  return bytes.toString('utf8', 0, nul < 0 ? length : nul);
}
