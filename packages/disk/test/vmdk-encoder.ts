import { deflateSync } from 'node:zlib';

/**
 * Makes streamOptimized VMDKs for tests, of kinds that qemu-img does not make: directory at the end with a footer
 * (as ESXi exports are), any grain size and table length. Written from the format's description alone; shares
 * nothing with the reader it tests.
 */
export interface EncodeOptions {
  readonly grainSectors?: number;
  readonly entriesPerTable?: number;
  readonly directory?: 'end' | 'front';
  readonly version?: number;
  /** The last grain, cut off by the end of the disk, is compressed short instead of padded. */
  readonly shortLast?: boolean;
  readonly level?: number;
}
export interface Encoded {
  readonly bytes: Uint8Array;
  /** Byte positions of all markers, in order. */
  readonly markers: readonly {
    readonly kind: 'grain' | 'table' | 'directory' | 'footer' | 'end';
    readonly at: number;
  }[];
}

export function encodeStreamVmdk(disk: Uint8Array, options: EncodeOptions = {}): Encoded {
  const { grainSectors = 128, entriesPerTable = 512, directory = 'end', version = 3 } = options;
  const grainBytes = grainSectors * 512;
  const grainCount = Math.ceil(disk.length / grainBytes);
  const tableCount = Math.ceil(grainCount / entriesPerTable);
  const tableBytes = Math.ceil((entriesPerTable * 4) / 512) * 512;
  const directoryBytes = Math.ceil((tableCount * 4) / 512) * 512;
  const front = directory === 'front';
  const descriptor = Buffer.alloc(1024);
  descriptor.write(
    '# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType="streamOptimized"\n' +
      `RDONLY ${disk.length / 512} SPARSE "disk.vmdk"\n`,
  );
  const directorySector = front ? 3 : -1;
  const overhead = 3 + (front ? (directoryBytes + tableCount * tableBytes) / 512 : 5);

  const header = (gd: number): Buffer => {
    const h = Buffer.alloc(512);
    h.write('KDMV', 0, 'latin1');
    h.writeUInt32LE(version, 4);
    h.writeUInt32LE(0x30001, 8);
    h.writeBigUInt64LE(BigInt(disk.length / 512), 12);
    h.writeBigUInt64LE(BigInt(grainSectors), 20);
    h.writeBigUInt64LE(1n, 28);
    h.writeBigUInt64LE(2n, 36);
    h.writeUInt32LE(entriesPerTable, 44);
    h.writeBigInt64LE(BigInt(gd), 56);
    h.writeBigUInt64LE(BigInt(overhead), 64);
    h.write('\n \r\n', 73, 'latin1');
    h.writeUInt16LE(1, 77);
    return h;
  };

  const parts: Buffer[] = [];
  const markers: { kind: Encoded['markers'][number]['kind']; at: number }[] = [];
  let at = 0;
  const put = (bytes: Buffer): void => {
    const padded = Buffer.alloc(Math.ceil(bytes.length / 512) * 512);
    bytes.copy(padded);
    parts.push(padded);
    at += padded.length;
  };
  const mark = (kind: Encoded['markers'][number]['kind'], type: number, body: Buffer): void => {
    markers.push({ kind, at });
    const marker = Buffer.alloc(512);
    marker.writeBigUInt64LE(BigInt(Math.ceil(body.length / 512)), 0);
    marker.writeUInt32LE(type, 12);
    put(marker);
    if (body.length > 0) put(body);
  };

  put(header(directorySector));
  put(descriptor);
  put(Buffer.alloc((overhead - 3) * 512));
  const gd = Buffer.alloc(directoryBytes);
  const tables: Buffer[] = [];
  for (let table = 0; table < tableCount; table += 1) {
    const gt = Buffer.alloc(tableBytes);
    for (let entry = 0; entry < entriesPerTable; entry += 1) {
      const start = (table * entriesPerTable + entry) * grainBytes;
      if (start >= disk.length) break;
      let data = Buffer.from(disk.subarray(start, start + grainBytes));
      if (data.every((byte) => byte === 0)) continue;
      if (!options.shortLast) data = Buffer.concat([data, Buffer.alloc(grainBytes - data.length)]);
      const compressed = deflateSync(data, { level: options.level ?? 1 });
      const head = Buffer.alloc(12);
      head.writeBigUInt64LE(BigInt(start / 512), 0);
      head.writeUInt32LE(compressed.length, 8);
      gt.writeUInt32LE(at / 512, entry * 4);
      markers.push({ kind: 'grain', at });
      put(Buffer.concat([head, compressed]));
    }
    tables.push(gt);
    if (!front && gt.some((byte) => byte !== 0)) {
      gd.writeUInt32LE(at / 512 + 1, table * 4);
      mark('table', 1, gt);
    }
  }
  if (!front) {
    const sector = at / 512 + 1;
    mark('directory', 2, gd);
    mark('footer', 3, header(sector));
  }
  mark('end', 0, Buffer.alloc(0));
  const bytes = Buffer.concat(parts);
  if (front)
    for (const [table, gt] of tables.entries()) {
      const sector = directorySector + (directoryBytes + table * tableBytes) / 512;
      bytes.writeUInt32LE(sector, directorySector * 512 + table * 4);
      gt.copy(bytes, sector * 512);
    }
  return { bytes, markers };
}
