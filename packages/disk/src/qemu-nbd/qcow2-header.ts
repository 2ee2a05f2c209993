import type { FileHandle } from 'node:fs/promises';
import { CorruptDiskError, UnsupportedDiskError } from '../errors.ts';
import { readWhole } from '../positioned.ts';

/** Bytes of the header that are looked at; version 2 ends with byte 71, version 3 has its features after that. */
const LENGTH = 80;
const MAGIC = 0x51_46_49_fb;
/** QEMU, docs/interop/qcow2.rst, "Header": an incompatible feature. */
const EXTERNAL_DATA = 4n;

/**
 * Size in bytes of the disk that a qcow2 file holds, when the file holds all of it: what names another file (of which a
 * share's owner would decide which one we read or write) is refused, and what is encrypted, too. What is damaged is for qemu-nbd to say.
 * Source: QEMU, docs/interop/qcow2.rst, "Header".
 * @throws CorruptDiskError, UnsupportedDiskError
 */
export async function wholeQcow2Size(handle: FileHandle, signal: AbortSignal): Promise<number> {
  const header = Buffer.alloc(LENGTH);
  const { size } = await handle.stat();
  if (size < LENGTH) throw new CorruptDiskError(`a qcow2 file of ${size} bytes`, 0);
  await readWhole(handle, header, 0, signal);
  if (header.readUInt32BE(0) !== MAGIC) throw new CorruptDiskError('it is no qcow2 file', 0);
  const version = header.readUInt32BE(4);
  if (version !== 2 && version !== 3) throw new UnsupportedDiskError(`qcow2 of version ${version}`);
  if (header.readBigUInt64BE(8) !== 0n) throw new UnsupportedDiskError('the qcow2 file has a backing file');
  if (header.readUInt32BE(32) !== 0) throw new UnsupportedDiskError('the qcow2 file is encrypted');
  const features = version === 3 ? header.readBigUInt64BE(72) : 0n;
  if ((features & EXTERNAL_DATA) !== 0n)
    throw new UnsupportedDiskError('the qcow2 file has its data in another file');
  const bytes = header.readBigUInt64BE(24);
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) throw new UnsupportedDiskError(`a disk of ${bytes} bytes`);
  return Number(bytes);
}
