/**
 * An independent reader of qcow2 images (QEMU's docs/interop/qcow2.txt), for comparing what arrived with what was
 * sent. It knows versions 2 and 3 without backing file, data file, encryption or compression, and says so of
 * anything else. It shares no code with `packages/disk`, on purpose.
 */
import { type FileHandle, open } from 'node:fs/promises';

const OFFSET_MASK = 0x00fffffffffffe00n;
const COMPRESSED = 1n << 62n;
const ZERO = 1n;

export interface GuestDisk {
  /** The file's bytes are the guest's. */
  readonly raw: boolean;
  /** Bytes that the guest sees. */
  readonly size: number;
  /** Fills the buffer with the guest's bytes from an offset. */
  read(offset: number, buffer: Buffer): Promise<void>;
  close(): Promise<void>;
}

async function exactly(file: FileHandle, buffer: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await file.read(buffer, done, buffer.length - done, position + done);
    // Past the end of the file a raw or sparse image reads as zero.
    if (bytesRead === 0) return void buffer.fill(0, done);
    done += bytesRead;
  }
}

export async function openRaw(path: string): Promise<GuestDisk> {
  const file = await open(path, 'r');
  const { size } = await file.stat();
  return {
    raw: true,
    size,
    read: (offset, buffer) => exactly(file, buffer, offset),
    close: () => file.close(),
  };
}

export async function openQcow2(path: string): Promise<GuestDisk> {
  const file = await open(path, 'r');
  try {
    const header = Buffer.alloc(104);
    await exactly(file, header, 0);
    if (header.readUInt32BE(0) !== 0x514649fb) throw new Error(`${path}: not a qcow2 image`);
    const version = header.readUInt32BE(4);
    if (version !== 2 && version !== 3) throw new Error(`${path}: qcow2 version ${version}`);
    if (header.readBigUInt64BE(8) !== 0n) throw new Error(`${path}: it has a backing file`);
    if (header.readUInt32BE(32) !== 0) throw new Error(`${path}: it is encrypted`);
    if (version === 3 && header.readBigUInt64BE(72) !== 0n)
      throw new Error(`${path}: incompatible features are set`);
    const clusterBits = header.readUInt32BE(20);
    const clusterSize = 2 ** clusterBits;
    const size = Number(header.readBigUInt64BE(24));
    const l1 = Buffer.alloc(header.readUInt32BE(36) * 8);
    await exactly(file, l1, Number(header.readBigUInt64BE(40)));
    const l2Entries = clusterSize / 8;
    const tables = new Map<number, Buffer>();

    const clusterAt = async (index: number): Promise<number | null> => {
      const l1Index = Math.floor(index / l2Entries);
      const l2Offset = Number(l1.readBigUInt64BE(l1Index * 8) & OFFSET_MASK);
      if (l2Offset === 0) return null;
      let table = tables.get(l2Offset);
      if (!table) {
        table = Buffer.alloc(clusterSize);
        await exactly(file, table, l2Offset);
        tables.set(l2Offset, table);
      }
      const entry = table.readBigUInt64BE((index % l2Entries) * 8);
      if ((entry & COMPRESSED) !== 0n) throw new Error(`${path}: compressed clusters are not known here`);
      if ((entry & ZERO) !== 0n) return null;
      const offset = Number(entry & OFFSET_MASK);
      return offset === 0 ? null : offset;
    };

    return {
      raw: false,
      size,
      async read(offset, buffer) {
        let done = 0;
        while (done < buffer.length) {
          const at = offset + done;
          const inside = at % clusterSize;
          const part = buffer.subarray(done, done + Math.min(clusterSize - inside, buffer.length - done));
          const host = await clusterAt(Math.floor(at / clusterSize));
          if (host === null) part.fill(0);
          else await exactly(file, part, host + inside);
          done += part.length;
        }
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Opens by what the bytes say, not by what somebody declared. */
export async function openDisk(path: string): Promise<GuestDisk> {
  const file = await open(path, 'r');
  const magic = Buffer.alloc(4);
  try {
    await exactly(file, magic, 0);
  } finally {
    await file.close();
  }
  return magic.readUInt32BE(0) === 0x514649fb ? openQcow2(path) : openRaw(path);
}
