import { readSync } from 'node:fs';
import { open, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DiskWriter, openDeviceWriter, openRawFile } from '../../src/index.ts';
import { afterCrash } from './crash.ts';
import { randomBytesOf } from './random-disk.ts';
import type { Ground, Target, TargetKind } from './targets.ts';
import { watchedWriter } from './watched.ts';

/** Knows what flushes have made safe: what had been written when they began. */
class Durable {
  stable: Buffer;
  readonly #written: Buffer;

  constructor(content: Buffer) {
    this.stable = Buffer.from(content);
    this.#written = Buffer.from(content);
  }

  over(writer: DiskWriter): DiskWriter {
    const { file } = writer;
    return {
      size: writer.size,
      capabilities: writer.capabilities,
      write: async (offset, data, signal) => {
        const copy = Buffer.from(data);
        await writer.write(offset, data, signal);
        copy.copy(this.#written, offset);
      },
      zero: async (offset, length, signal) => {
        await writer.zero(offset, length, signal);
        this.#written.fill(0, offset, offset + length);
      },
      flush: async (signal) => {
        const covered = Buffer.from(this.#written);
        await writer.flush(signal);
        this.stable = covered;
      },
      close: () => writer.close(),
      ...(file
        ? {
            file: {
              fd: file.fd,
              during: (work) => file.during(work),
              willWrite: (offset, length) => file.willWrite(offset, length),
              wrote: async (offset, length) => {
                await file.wrote(offset, length);
                readSync(file.fd, this.#written, offset, length, offset);
              },
            },
          }
        : {}),
    };
  }

  crashed(content: Buffer): void {
    this.stable = Buffer.from(content);
    content.copy(this.#written);
  }
}

export async function flipInFile(path: string, offset: number): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await handle.read(byte, 0, 1, offset);
    byte.writeUInt8(byte.readUInt8(0) ^ 0xff);
    await handle.write(byte, 0, 1, offset);
  } finally {
    await handle.close();
  }
}

/**
 * @param before what the file or device holds when the copy begins; null: it is made
 * @param fresh the caller's word that all of it reads as zero
 */
function deviceTarget(
  { size, extra, chance }: Ground,
  path: string,
  before: Buffer | null,
  fresh: boolean,
): Target {
  const writerSize = size + extra;
  const durable = new Durable(before ?? Buffer.alloc(writerSize));
  const behind = (before ?? Buffer.alloc(0)).subarray(writerSize);
  return {
    behind,
    async open(trouble, from, first) {
      const how = first ? (before ? { readsAsZero: fresh } : { create: true }) : {};
      const device = await openDeviceWriter(path, { size: writerSize, ...how });
      const writer = watchedWriter(durable.over(device), trouble, from);
      return { writer, finish: () => Promise.resolve(), close: () => writer.close() };
    },
    async crash() {
      const content = afterCrash(durable.stable, await readFile(path), writerSize, chance);
      await writeFile(path, content, { flag: 'r+' });
      durable.crashed(content);
    },
    bytes: () => readFile(path),
    reader: () => openRawFile(path, { size, uncached: chance.roll(2) === 0 }),
    flip: (offset) => flipInFile(path, offset),
    mend: () => openDeviceWriter(path, { size: writerSize }),
    stop: () => Promise.resolve(),
  };
}

export const DEVICE_TARGETS: readonly TargetKind[] = [
  {
    name: 'a new file',
    sectors: false,
    make: async (ground) => deviceTarget(ground, join(ground.folder, 'new.raw'), null, true),
  },
  {
    name: 'a fresh device',
    sectors: false,
    async make(ground) {
      const path = join(ground.folder, 'fresh.raw');
      const bytes = Buffer.alloc(ground.size + ground.extra + ground.chance.roll(2) * 5000);
      await writeFile(path, '');
      await truncate(path, bytes.length);
      return deviceTarget(ground, path, bytes, true);
    },
  },
  {
    name: 'a used device',
    sectors: false,
    async make(ground) {
      const path = join(ground.folder, 'used.raw');
      const bytes = randomBytesOf(ground.size + ground.extra + ground.chance.roll(2) * 5000, 77);
      await writeFile(path, bytes);
      return deviceTarget(ground, path, bytes, false);
    },
  },
];
