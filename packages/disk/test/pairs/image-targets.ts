import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type DiskReader,
  type Extent,
  type ImageStream,
  openDeviceWriter,
  openQcow2,
  openRawFile,
  qcow2ImageStream,
  rawImageStream,
} from '../../src/index.ts';
import { readQcow2 } from '../read-qcow2.ts';
import { flipInFile } from './device-targets.ts';
import type { Ground, Target, TargetKind } from './targets.ts';
import type { Trouble } from './trouble.ts';
import { watchedWriter } from './watched.ts';

/** Takes an image as a service does: slowly, and perhaps not to the end. */
async function receive({ body }: ImageStream, trouble: Trouble): Promise<Buffer> {
  const stops = trouble.chance.roll(2) === 0 ? trouble.takeOver('write') : undefined;
  const parts: Uint8Array[] = [];
  for await (const part of body) {
    if (parts.length === stops) break;
    trouble.moment();
    if (trouble.chance.roll(2) === 0) await new Promise((resolve) => setImmediate(resolve));
    // Held as it came until the end: nobody may change it.
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function imageTarget(
  path: string,
  make: (areas: readonly Extent[] | null) => ImageStream,
  how: Pick<Target, 'bytes' | 'flip' | 'mend'> & { reader: () => Promise<DiskReader> },
): Target {
  return {
    ...how,
    behind: Buffer.alloc(0),
    async open(trouble, _from, _fresh, areas) {
      const image = make(areas);
      const received = receive(image, trouble);
      // Looked at when it ends; an attempt that fails has its own reason.
      received.catch(() => undefined);
      const writer = watchedWriter(image.writer, trouble, 0);
      return {
        writer,
        async finish() {
          await writer.close();
          const bytes = await received;
          assert.deepEqual(await image.done, {
            bytesSent: image.length,
            sha512: createHash('sha512').update(bytes).digest('hex'),
          });
          assert.equal(bytes.length, image.length);
          await writeFile(path, bytes);
        },
        async close() {
          await writer.close();
          await received.catch(() => undefined);
        },
      };
    },
    // What was sent of an image that did not end is nobody's.
    crash: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
}

const pathIn = ({ folder }: Ground, name: string): string => join(folder, name);

export const IMAGE_TARGETS: readonly TargetKind[] = [
  {
    name: 'qcow2 image',
    sectors: true,
    async make(ground) {
      const { size } = ground;
      const path = pathIn(ground, 'image.qcow2');
      return imageTarget(
        path,
        (areas) => qcow2ImageStream({ size, dataExtents: areas ?? [{ offset: 0, length: size }] }),
        { bytes: async () => readQcow2(await readFile(path)).disk, reader: () => openQcow2(path) },
      );
    },
  },
  {
    name: 'raw image',
    sectors: false,
    async make(ground) {
      const { size } = ground;
      const path = pathIn(ground, 'image.raw');
      return imageTarget(path, () => rawImageStream({ size }), {
        bytes: () => readFile(path),
        reader: () => openRawFile(path),
        flip: (offset) => flipInFile(path, offset),
        mend: () => openDeviceWriter(path, { size }),
      });
    },
  },
];
