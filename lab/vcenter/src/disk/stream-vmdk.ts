/**
 * Writes streamOptimized VMDK as an ESXi lease does: compressed grains, then their grain table, and at the end the
 * grain directory, a footer with its place, and the end-of-stream marker. Layout: VMware "Virtual Disk Format 5.0",
 * sections "Hosted Sparse Extents" and "Stream-Optimized Compressed Sparse Extents".
 */
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import type { Readable } from './disk.ts';

const SECTOR = 512;
const GRAIN_SECTORS = 128;
const GRAIN = GRAIN_SECTORS * SECTOR;
const TABLE_ENTRIES = 512;
/** Grains packed at the same time; divides a table's entries. */
const BATCH = 16;
/** Sectors before the first grain. */
const OVERHEAD = 128;
const DESCRIPTOR_SECTORS = 20;
const GD_AT_END = 0xffff_ffff_ffff_ffffn;
const MARKER = { endOfStream: 0, grainTable: 1, grainDirectory: 2, footer: 3 } as const;

const deflateAsync = promisify(deflate);

/** The file's chunks in order; nothing larger than some grains is held. `level` is zlib's, 1 to 6. */
export async function* streamVmdk(
  disk: Readable,
  options: { level: number; name: string },
): AsyncGenerator<Buffer> {
  let position = 0;
  const count = (chunk: Buffer): Buffer => {
    position += chunk.length;
    return chunk;
  };
  const grains = Math.ceil(disk.size / GRAIN);
  const directory = Buffer.alloc(roundUp(Math.ceil(grains / TABLE_ENTRIES) * 4));
  yield count(header(disk.size, GD_AT_END));
  yield count(descriptorBlock(disk.size, options.name));
  for (let first = 0, table = 0; first < grains; first += TABLE_ENTRIES, table += 1) {
    const entries = Buffer.alloc(TABLE_ENTRIES * 4);
    let used = false;
    for (let i = 0; i < TABLE_ENTRIES && first + i < grains; i += BATCH) {
      // Grains of a batch are read and packed side by side, and sent in their order.
      const last = Math.min(i + BATCH, TABLE_ENTRIES, grains - first);
      const batch = Array.from({ length: last - i }, (_, k) => packGrain(disk, first + i + k, options.level));
      for (const [k, block] of (await Promise.all(batch)).entries()) {
        if (block === undefined) continue;
        used = true;
        entries.writeUInt32LE(position / SECTOR, (i + k) * 4);
        yield count(block);
      }
    }
    if (!used) continue;
    yield count(marker(entries.length / SECTOR, MARKER.grainTable));
    directory.writeUInt32LE(position / SECTOR, table * 4);
    yield count(entries);
  }
  yield count(marker(directory.length / SECTOR, MARKER.grainDirectory));
  const directoryAt = BigInt(position / SECTOR);
  yield count(directory);
  yield count(marker(1, MARKER.footer));
  yield count(header(disk.size, directoryAt));
  yield count(marker(0, MARKER.endOfStream));
}

async function packGrain(disk: Readable, grain: number, level: number): Promise<Buffer | undefined> {
  const bytes = await readGrain(disk, grain);
  return bytes === undefined ? undefined : grainBlock(grain, bytes, level);
}

async function readGrain(disk: Readable, grain: number): Promise<Buffer | undefined> {
  const offset = grain * GRAIN;
  const length = Math.min(GRAIN, disk.size - offset);
  if (!disk.mayHoldData(offset, length)) return undefined;
  const bytes = await disk.read(offset, length);
  if (bytes.equals(ZERO.subarray(0, length))) return undefined;
  return length === GRAIN ? bytes : Buffer.concat([bytes], GRAIN);
}

const ZERO = Buffer.alloc(GRAIN);

async function grainBlock(grain: number, bytes: Buffer, level: number): Promise<Buffer> {
  const packed = await deflateAsync(bytes, { level });
  const block = Buffer.alloc(roundUp(12 + packed.length));
  block.writeBigUInt64LE(BigInt(grain * GRAIN_SECTORS), 0);
  block.writeUInt32LE(packed.length, 8);
  packed.copy(block, 12);
  return block;
}

function marker(sectors: number, type: number): Buffer {
  const block = Buffer.alloc(SECTOR);
  block.writeBigUInt64LE(BigInt(sectors), 0);
  block.writeUInt32LE(type, 12);
  return block;
}

function header(size: number, directoryAt: bigint): Buffer {
  const block = Buffer.alloc(SECTOR);
  block.write('KDMV', 0, 'latin1');
  block.writeUInt32LE(3, 4);
  // Valid newline test, compressed grains, markers.
  block.writeUInt32LE(0x3_0001, 8);
  block.writeBigUInt64LE(BigInt(Math.ceil(size / SECTOR)), 12);
  block.writeBigUInt64LE(BigInt(GRAIN_SECTORS), 20);
  block.writeBigUInt64LE(1n, 28);
  block.writeBigUInt64LE(BigInt(DESCRIPTOR_SECTORS), 36);
  block.writeUInt32LE(TABLE_ENTRIES, 44);
  block.writeBigUInt64LE(0n, 48);
  block.writeBigUInt64LE(directoryAt, 56);
  block.writeBigUInt64LE(BigInt(OVERHEAD), 64);
  block.write('\n \r\n', 73, 'latin1');
  block.writeUInt16LE(1, 77);
  return block;
}

function descriptorBlock(size: number, name: string): Buffer {
  const block = Buffer.alloc((OVERHEAD - 1) * SECTOR);
  const text = [
    '# Disk DescriptorFile',
    'version=1',
    'CID=fffffffe',
    'parentCID=ffffffff',
    'createType="streamOptimized"',
    '',
    '# Extent description',
    `RDONLY ${Math.ceil(size / SECTOR)} SPARSE "${name}"`,
    '',
    '# The Disk Data Base',
    'ddb.adapterType = "lsilogic"',
    'ddb.virtualHWVersion = "19"',
    '',
  ].join('\n');
  block.write(text, 0, DESCRIPTOR_SECTORS * SECTOR, 'utf8');
  return block;
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / SECTOR) * SECTOR;
}
