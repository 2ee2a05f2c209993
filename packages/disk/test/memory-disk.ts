import { type DiskReader, type DiskWriter, rangeReader } from '../src/index.ts';

/** Reads a disk that is in memory; it may change. */
export function memoryReader(disk: Uint8Array): DiskReader {
  return rangeReader({
    size: disk.length,
    readRange: async (offset, buffer) => buffer.set(disk.subarray(offset, offset + buffer.length)),
  });
}
/** Writes to a disk that is in memory, and tells what was called. */
export function memoryWriter(disk: Uint8Array, readsAsZero: boolean, randomAccess = true) {
  const calls: string[] = [];
  const writer: DiskWriter = {
    size: disk.length,
    capabilities: { randomAccess, readsAsZero, needsMap: false },
    async write(offset, data) {
      calls.push(`write ${offset} ${data.length}`);
      disk.set(data, offset);
    },
    async zero(offset, length) {
      calls.push(`zero ${offset} ${length}`);
      disk.fill(0, offset, offset + length);
    },
    async flush() {
      calls.push('flush');
    },
    async close() {},
  };
  return { writer, calls };
}
