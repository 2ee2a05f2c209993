import { writeFile } from 'node:fs/promises';
import { DiskError, openDiskFile, type DiskReader, type MappedExtent } from '../src/index.ts';
import { randomDisk, type Dice } from './dice.ts';
import { ovf, tar } from './ova-writer.ts';
import { writeQcow2 } from './qcow2-writer.ts';
import { EMBEDDED, writeSparse } from './sparse-vmdk-writer.ts';
import { encodeStreamVmdk } from './vmdk-encoder.ts';

/** Sound files are damaged at random; what comes of it must be their bytes or an error of ours, soon and in little memory. */
export interface Victim {
  readonly name: string;
  readonly format: 'vmdk' | 'qcow2' | 'ova';
  readonly bytes: Buffer;
}

export function victims(): readonly Victim[] {
  const disk = randomDisk(400, 21);
  const sparse = { seed: 2, zeroGrains: true, redundant: true, descriptor: EMBEDDED };
  const stream = Buffer.from(encodeStreamVmdk(disk, { grainSectors: 16, entriesPerTable: 8 }).bytes);
  const front = encodeStreamVmdk(disk, { grainSectors: 8, entriesPerTable: 64, directory: 'front' });
  const qcow2 = (version: 2 | 3, clusterBits: number, extendedL2 = false): Buffer =>
    writeQcow2(disk, { version, clusterBits, extendedL2, seed: 5 }).bytes;
  const envelope = Buffer.from(ovf([{ file: 'a.vmdk', size: stream.length, capacity: '204800' }]));
  return [
    {
      name: 'sparse VMDK',
      format: 'vmdk',
      bytes: writeSparse(disk, { ...sparse, grainSectors: 8, entriesPerTable: 16 }).bytes,
    },
    {
      name: 'sparse VMDK that was not closed',
      format: 'vmdk',
      bytes: writeSparse(disk, { ...sparse, unclean: true, grainSectors: 1, entriesPerTable: 64 }).bytes,
    },
    { name: 'stream with a footer', format: 'vmdk', bytes: stream },
    { name: 'stream with its directory in front', format: 'vmdk', bytes: Buffer.from(front.bytes) },
    { name: 'qcow2 of version 2', format: 'qcow2', bytes: qcow2(2, 9) },
    { name: 'qcow2 of version 3', format: 'qcow2', bytes: qcow2(3, 12) },
    { name: 'qcow2 with subclusters', format: 'qcow2', bytes: qcow2(3, 14, true) },
    {
      name: 'OVA',
      format: 'ova',
      bytes: tar([
        { name: 'a.ovf', bytes: envelope },
        { name: 'a.vmdk', bytes: stream },
      ]),
    },
  ];
}

/** One to four wounds, half of them near the beginning, where the headers are. */
export function damaged(bytes: Buffer, chance: Dice): Buffer {
  let wounded = Buffer.from(bytes);
  for (let wounds = 1 + chance.roll(4); wounds > 0; wounds -= 1) {
    const reach = chance.roll(2) === 0 ? Math.min(wounded.length, 2048) : wounded.length;
    if (reach < 16) return wounded;
    const at = chance.roll(reach - 8);
    const aligned = at - (at % 4);
    switch (chance.roll(8)) {
      case 0:
        wounded.writeUInt8(wounded.readUInt8(at) ^ (1 << chance.roll(8)), at);
        break;
      case 1:
        wounded.writeUInt8(chance.roll(256), at);
        break;
      case 2:
        wounded.writeUInt32LE(
          [0, 1, 0x7fff_ffff, 0xffff_ffff, wounded.length / 512][chance.roll(5)]! >>> 0,
          aligned,
        );
        break;
      case 3:
        wounded.writeBigUInt64BE([0n, 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 53n][chance.roll(5)]!, aligned);
        break;
      case 4:
        wounded.writeBigUInt64BE(BigInt(chance.roll(wounded.length)) << BigInt(9 * chance.roll(3)), aligned);
        break;
      case 5:
        wounded = wounded.subarray(0, chance.roll(wounded.length));
        break;
      case 6:
        wounded.copyWithin(at, chance.roll(reach), chance.roll(wounded.length));
        break;
      default:
        chance.bytes(1 + chance.roll(16)).copy(wounded, at);
    }
  }
  return wounded;
}

/** What came of one case: an error of ours, or a disk that contradicts itself nowhere; otherwise a reason to look. */
export interface Outcome {
  readonly refused: boolean;
  readonly wrong: string | undefined;
}

/** Reads what can be read of the file: by its map up to 2,000 extents, and of each up to 64 KiB. */
export async function outcomeOf(path: string, bytes: Uint8Array): Promise<Outcome> {
  await writeFile(path, bytes);
  let reader: DiskReader | undefined;
  try {
    ({ reader } = await openDiskFile(path));
    return { refused: false, wrong: await contradiction(reader) };
  } catch (error) {
    const wrong = error instanceof DiskError ? undefined : `an error that is not ours: ${String(error)}`;
    return { refused: true, wrong };
  } finally {
    await reader?.close();
  }
}

async function contradiction(reader: DiskReader): Promise<string | undefined> {
  const { signal } = new AbortController();
  const extents: MappedExtent[] = [];
  let end = 0;
  for await (const extent of reader.extents(signal)) {
    if (extent.offset !== end || extent.length <= 0) return `an extent at ${extent.offset} after ${end}`;
    end = extent.offset + extent.length;
    if (extents.push(extent) === 2000) break;
  }
  if (extents.length < 2000 && end !== reader.size) return `a map that ends at ${end} of ${reader.size}`;
  for (const { offset, length, kind } of extents) {
    const piece = new Uint8Array(Math.min(length, 65_536)).fill(0xee);
    await reader.read(offset, piece, signal);
    if (kind === 'zero' && piece.some((byte) => byte !== 0)) return `zeros at ${offset} that are none`;
  }
  return undefined;
}
