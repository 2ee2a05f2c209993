import { CorruptDiskError } from '../errors.ts';
import { readBytes, type ImageFile } from '../file/image-file.ts';
import { takeRanges, type TakenRanges } from '../file/taken-ranges.ts';
import type { Qcow2Header } from './header.ts';

/** The active L1 table: where the L2 tables lie. 8 bytes for each 512 MiB of the disk, usually. */
export interface L1Table {
  /** Byte position of each L2 table, 0 where there is none. */
  readonly tables: Float64Array;
  /** The places of header and tables: no cluster of data lies there. */
  readonly taken: TakenRanges;
}

/** Bits 56 to 62, and 0 to 8 of the low half. */
const RESERVED_HIGH = 0x7f00_0000;
const RESERVED_LOW = 0x1ff;

/** Reads and checks it (QEMU, docs/interop/qcow2.txt, "L1 table entry"). Throws `CorruptDiskError`. */
export async function readL1Table(
  file: ImageFile,
  header: Qcow2Header,
  signal: AbortSignal,
): Promise<L1Table> {
  const { clusterSize, l1Position, l1Entries } = header;
  const bytes = await readBytes(file, l1Position, l1Entries * 8, signal);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tables = new Float64Array(l1Entries);
  let count = 0;
  for (let index = 0; index < l1Entries; index += 1) {
    const high = view.getUint32(index * 8);
    const low = view.getUint32(index * 8 + 4);
    if (high === 0 && low === 0) continue;
    const position = entryPosition(high, low);
    if ((high & RESERVED_HIGH) !== 0 || (low & RESERVED_LOW) !== 0 || position % clusterSize !== 0)
      throw new CorruptDiskError(`L1 entry ${index} is no position of a cluster`, l1Position + index * 8);
    if (position > file.size - clusterSize)
      throw new CorruptDiskError(
        `L1 entry ${index} names an L2 table at byte ${position} of ${file.size}`,
        l1Position + index * 8,
      );
    tables[index] = position;
    if (position !== 0) count += 1;
  }
  const present = new Float64Array(count);
  let at = 0;
  for (const position of tables) if (position !== 0) present[at++] = position;
  const taken = takeRanges(
    [
      { position: 0, length: clusterSize, what: 'the header' },
      { position: l1Position, length: l1Entries * 8, what: 'the L1 table' },
    ],
    present,
    clusterSize,
    'an L2 table',
  );
  return { tables, taken };
}

/** Bits 9 to 55 of an entry, exact: 47 bits above nine zeros. */
export function entryPosition(high: number, low: number): number {
  return (high & 0x00ff_ffff) * 2 ** 32 + ((low & ~0x1ff) >>> 0);
}
