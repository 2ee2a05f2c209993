import { dice } from './dice.ts';

/**
 * Makes hosted sparse VMDKs for tests as no tool at hand makes them: any grain size and table length, grains in any
 * order, grains of zeros by flag, tables apart. Written from the format's description alone; shares nothing with the
 * reader.
 */
export interface SparseOptions {
  readonly grainSectors: number;
  readonly entriesPerTable: number;
  readonly seed: number;
  readonly zeroGrains: boolean;
  readonly redundant: boolean;
  readonly unclean?: boolean;
  /** Absent for a file of a split disk. */
  readonly descriptor?: string;
}
export interface SparseImage {
  readonly bytes: Buffer;
  /** Byte positions. */
  readonly directory: number;
  readonly redundantDirectory: number;
  /** Of each present grain table, its second copy, and of each present grain. */
  readonly tables: readonly number[];
  readonly redundantTables: readonly number[];
  readonly grains: readonly number[];
}

export const EMBEDDED =
  '# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType="monolithicSparse"\n' +
  'RW 1 SPARSE "some other name.vmdk"\n';

export function writeSparse(disk: Buffer, options: SparseOptions): SparseImage {
  const { grainSectors, entriesPerTable, redundant } = options;
  const { roll, shuffled } = dice(options.seed);
  const grainBytes = grainSectors * 512;
  const grainCount = Math.ceil(disk.length / grainBytes);
  const tableCount = Math.ceil(grainCount / entriesPerTable);
  const sectorsOf = (bytes: number): number => Math.ceil(bytes / 512);
  let end = 1;
  const take = (sectors: number): number => {
    end += sectors;
    return end - sectors;
  };
  const descriptorSector = options.descriptor === undefined ? 0 : take(4);
  const gd = take(sectorsOf(tableCount * 4));
  const rgd = redundant ? take(sectorsOf(tableCount * 4)) : 0;

  const used: number[] = [];
  const entries = new Uint32Array(tableCount * entriesPerTable);
  for (let grain = 0; grain < grainCount; grain += 1) {
    const data = disk.subarray(grain * grainBytes, (grain + 1) * grainBytes);
    if (data.some((byte) => byte !== 0) || roll(5) === 0) used.push(grain);
    else if (options.zeroGrains && roll(2) === 0) entries[grain] = 1;
  }
  const places: { readonly grain: number; readonly at: number }[] = [];
  const tableAt: number[] = [];
  const redundantAt: number[] = [];
  const present: number[] = [];
  for (let table = 0; table < tableCount; table += 1) {
    const from = table * entriesPerTable;
    const touched =
      used.some((grain) => grain >= from && grain < from + entriesPerTable) ||
      entries.subarray(from, from + entriesPerTable).some((entry) => entry !== 0);
    if (touched || roll(2) === 0) present.push(table);
  }
  // Metadata and grains in any order: tables of a real file are in front, but nothing says so.
  const work = shuffled([
    ...present.map((table) => () => {
      tableAt[table] = take(sectorsOf(entriesPerTable * 4));
      if (redundant) redundantAt[table] = take(sectorsOf(entriesPerTable * 4));
    }),
    ...used.map((grain) => () => {
      const at = take(grainSectors);
      places.push({ grain, at });
      entries[grain] = at;
    }),
  ]);
  for (const step of work) step();

  const bytes = Buffer.alloc(end * 512);
  bytes.write('KDMV', 0, 'latin1');
  bytes.writeUInt32LE(options.zeroGrains ? 2 : 1, 4);
  bytes.writeUInt32LE(1 | (redundant ? 2 : 0) | (options.zeroGrains ? 4 : 0), 8);
  bytes.writeBigUInt64LE(BigInt(disk.length / 512), 12);
  bytes.writeBigUInt64LE(BigInt(grainSectors), 20);
  bytes.writeBigUInt64LE(BigInt(descriptorSector), 28);
  bytes.writeBigUInt64LE(options.descriptor === undefined ? 0n : 4n, 36);
  bytes.writeUInt32LE(entriesPerTable, 44);
  bytes.writeBigUInt64LE(BigInt(rgd), 48);
  bytes.writeBigUInt64LE(BigInt(gd), 56);
  bytes.writeBigUInt64LE(BigInt(end), 64);
  bytes.writeUInt8(options.unclean ? 1 : 0, 72);
  bytes.write('\n \r\n', 73, 'latin1');
  if (options.descriptor !== undefined) bytes.write(options.descriptor, descriptorSector * 512);
  const putTable = (directory: number, table: number, at: number): void => {
    bytes.writeUInt32LE(at, directory * 512 + table * 4);
    for (let entry = 0; entry < entriesPerTable; entry += 1)
      bytes.writeUInt32LE(entries[table * entriesPerTable + entry]!, at * 512 + entry * 4);
  };
  for (const table of present) {
    putTable(gd, table, tableAt[table]!);
    if (redundant) putTable(rgd, table, redundantAt[table]!);
  }
  for (const { grain, at } of places)
    disk.copy(bytes, at * 512, grain * grainBytes, (grain + 1) * grainBytes);
  const positions = (all: readonly number[]): number[] => present.map((table) => (all[table] ?? 0) * 512);
  return {
    bytes,
    directory: gd * 512,
    redundantDirectory: rgd * 512,
    tables: positions(tableAt),
    redundantTables: positions(redundantAt),
    grains: places.map(({ at }) => at * 512),
  };
}
