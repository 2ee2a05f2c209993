import { open, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { openOva, openStreamVmdk, openVmdk, type DiskReader } from '../../src/index.ts';
import { type ImageFile, openImageFile, type OpenImageFile } from '../../src/file/image-file.ts';
import { openOvaFile } from '../../src/ova/open-ova.ts';
import { readWhole } from '../../src/positioned.ts';
import { openQcow2File } from '../../src/qcow2/open-qcow2.ts';
import { openRawImage } from '../../src/raw-file.ts';
import { openVmdkFile } from '../../src/vmdk/open-vmdk.ts';
import type { Dice } from '../dice.ts';
import { manifest, ovf, tar } from '../ova-writer.ts';
import { writeQcow2 } from '../qcow2-writer.ts';
import { EMBEDDED, writeSparse } from '../sparse-vmdk-writer.ts';
import { encodeStreamVmdk } from '../vmdk-encoder.ts';
import { dataExtents } from './random-disk.ts';
import type { Material, Source, SourceKind } from './sources.ts';
import { Injected, Passing, type Trouble } from './trouble.ts';
import { watchedReader, watchedStream } from './watched.ts';

const { signal: never } = new AbortController();

/** A handle whose reads give fewer bytes than were asked for, as a kernel may. */
function shortReads(handle: FileHandle, trouble: Trouble): FileHandle {
  const read = (buffer: Uint8Array, start: number, length: number, position: number) =>
    handle.read(buffer, start, length > 1 ? length - trouble.chance.roll(length) : length, position);
  return {
    fd: handle.fd,
    read,
    stat: () => handle.stat(),
    close: () => handle.close(),
  } as unknown as FileHandle;
}

/** A file whose reads are short, and fail for passing reasons. */
async function unreliableFile(path: string, trouble: Trouble): Promise<OpenImageFile> {
  const file = await openImageFile(path);
  const handle = shortReads(file.handle, trouble);
  return {
    ...file,
    handle,
    async read(position, buffer, signal) {
      if (trouble.hiccup()) {
        buffer.fill(0xee);
        throw new Passing('the file hiccups');
      }
      await readWhole(handle, buffer, position, signal);
    },
  };
}

/** Opens a disk in one file by a reader that takes whatever gives its bytes. */
const inOneFile = (path: string, openAs: (file: OpenImageFile) => Promise<DiskReader>): Source => ({
  async open(trouble, from) {
    const reader = await openAs(await unreliableFile(path, trouble));
    return watchedReader(reader, trouble, from, false);
  },
  stop: () => Promise.resolve(),
});

async function onlyDisk(file: ImageFile): Promise<DiskReader> {
  const ova = await openOvaFile(file);
  const reader = await ova.openDisk(ova.disks[0]!, never);
  return {
    ...reader,
    close: async () => {
      await reader.close();
      await ova.close();
    },
  };
}

/** Writes what is not zero and leaves holes, or all of it. */
async function writeRaw(path: string, { disk, map }: Material): Promise<void> {
  if (map === 'none') return writeFile(path, disk);
  const handle = await open(path, 'w');
  try {
    await handle.truncate(disk.length);
    for (const { offset, length } of dataExtents(disk, map === 'exact' ? 4096 : 65_536))
      await handle.write(disk, offset, length, offset);
  } finally {
    await handle.close();
  }
}

const streamOptions = ({ roll }: Dice) => ({
  grainSectors: [8, 16, 128][roll(3)]!,
  entriesPerTable: [32, 512][roll(2)]!,
  shortLast: roll(2) === 0,
});
const encoded = ({ disk, chance }: Material): Uint8Array =>
  encodeStreamVmdk(disk, {
    ...streamOptions(chance),
    directory: chance.roll(2) === 0 ? 'end' : 'front',
    level: chance.roll(2),
  }).bytes;
/** As a download comes: with its directory at the end. */
const download = ({ disk, chance }: Material): Uint8Array =>
  encodeStreamVmdk(disk, { ...streamOptions(chance), level: chance.roll(2) }).bytes;

async function writeOva(material: Material, vmdk: Uint8Array): Promise<string> {
  const path = join(material.folder, 'a.ova');
  const envelope = ovf([{ file: 'a.vmdk', size: vmdk.length, capacity: String(material.disk.length) }]);
  const members = [
    { name: 'a.ovf', bytes: Buffer.from(envelope) },
    { name: 'a.vmdk', bytes: vmdk },
  ];
  await writeFile(path, tar([...members, { name: 'a.mf', bytes: Buffer.from(manifest(members)) }]));
  return path;
}

/** Sectors of a disk that lie in files of their own. */
function split({ disk, chance }: Material): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < disk.length;) {
    const end = Math.min(disk.length, at + 512 * (1 + chance.roll(Math.ceil(disk.length / 512))));
    parts.push(disk.subarray(at, end));
    at = end;
  }
  return parts;
}

/** A disk of several files beside a descriptor, which the reader opens by itself. */
async function described(
  material: Material,
  type: string,
  extentOf: (part: Buffer, name: string) => Promise<string>,
): Promise<Source> {
  const path = join(material.folder, 'disk.vmdk');
  const lines: string[] = [];
  for (const [index, part] of split(material).entries())
    lines.push(await extentOf(part, `disk-${index}.vmdk`));
  const front = `# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType="${type}"\n`;
  await writeFile(path, `${front}${lines.join('\n')}\n`);
  return {
    open: async (trouble, from) => watchedReader(await openVmdk(path), trouble, from, true),
    stop: () => Promise.resolve(),
  };
}

/** A download in pieces of any size, which may break off or end early. */
async function* arriving(bytes: Uint8Array, trouble: Trouble): AsyncGenerator<Uint8Array> {
  const fails = trouble.takeOver('read');
  for (let at = 0, piece = 0; at < bytes.length; piece += 1) {
    if (piece === fails) {
      trouble.truncated = true;
      if (trouble.chance.roll(2) === 0) return;
      throw new Injected('the download broke off');
    }
    trouble.moment();
    const end = Math.min(bytes.length, at + 1 + trouble.chance.roll(70_000));
    yield bytes.slice(at, end);
    at = end;
  }
}

export const FILE_SOURCES: readonly SourceKind[] = [
  {
    name: 'raw file',
    sectors: false,
    async make(material) {
      const path = join(material.folder, 'disk.raw');
      await writeRaw(path, material);
      return inOneFile(path, openRawImage);
    },
  },
  {
    name: 'qcow2',
    sectors: true,
    async make({ disk, folder, chance }) {
      const path = join(folder, 'disk.qcow2');
      const clusterBits = [12, 14, 16][chance.roll(3)]!;
      const version = chance.roll(4) === 0 ? 2 : 3;
      const extendedL2 = version === 3 && clusterBits >= 14 && chance.roll(3) === 0;
      const seed = 1 + chance.roll(1000);
      await writeFile(path, writeQcow2(disk, { version, clusterBits, extendedL2, seed }).bytes);
      return inOneFile(path, openQcow2File);
    },
  },
  {
    name: 'monolithicSparse',
    sectors: true,
    async make({ disk, folder, chance }) {
      const path = join(folder, 'disk.vmdk');
      const { bytes } = writeSparse(disk, {
        grainSectors: [8, 16, 128][chance.roll(3)]!,
        entriesPerTable: [32, 512][chance.roll(2)]!,
        seed: 1 + chance.roll(1000),
        zeroGrains: chance.roll(2) === 0,
        redundant: chance.roll(2) === 0,
        descriptor: EMBEDDED,
      });
      await writeFile(path, bytes);
      return inOneFile(path, openVmdkFile);
    },
  },
  {
    name: 'twoGbMaxExtentSparse',
    sectors: true,
    make: (material) =>
      described(material, 'twoGbMaxExtentSparse', async (part, name) => {
        const { bytes } = writeSparse(part, {
          grainSectors: [8, 128][material.chance.roll(2)]!,
          entriesPerTable: 512,
          seed: 1 + material.chance.roll(1000),
          zeroGrains: true,
          redundant: true,
        });
        await writeFile(join(material.folder, name), bytes);
        return `RW ${part.length / 512} SPARSE "${name}"`;
      }),
  },
  {
    name: 'twoGbMaxExtentFlat',
    sectors: true,
    make: (material) =>
      described(material, 'twoGbMaxExtentFlat', async (part, name) => {
        if (part.every((byte) => byte === 0)) return `RW ${part.length / 512} ZERO`;
        const before = material.chance.roll(3);
        await writeFile(join(material.folder, name), Buffer.concat([Buffer.alloc(before * 512, 7), part]));
        return `RW ${part.length / 512} FLAT "${name}" ${before}`;
      }),
  },
  {
    name: 'streamOptimized',
    sectors: true,
    async make(material) {
      const path = join(material.folder, 'disk.vmdk');
      await writeFile(path, encoded(material));
      return inOneFile(path, openVmdkFile);
    },
  },
  {
    name: 'streamOptimized as a stream',
    sectors: true,
    async make(material) {
      const bytes = download(material);
      const { disk, map } = material;
      return {
        async open(trouble) {
          const stream = await openStreamVmdk(arriving(bytes, trouble), { expectedSize: disk.length });
          return watchedStream(stream, trouble);
        },
        ...(map === 'none' ? {} : { areas: () => dataExtents(disk, map === 'exact' ? 65_536 : 200_000) }),
        stop: () => Promise.resolve(),
      };
    },
  },
  {
    name: 'OVA',
    sectors: true,
    async make(material) {
      return inOneFile(await writeOva(material, encoded(material)), onlyDisk);
    },
  },
  {
    name: 'OVA as a stream',
    sectors: true,
    async make(material) {
      const path = await writeOva(material, download(material));
      return {
        async open(trouble) {
          const ova = await openOva(path);
          const stream = await ova.openStream(ova.disks[0]!, never);
          return {
            ...watchedStream(stream, trouble),
            close: async () => {
              await stream.close();
              await ova.close();
            },
          };
        },
        stop: () => Promise.resolve(),
      };
    },
  },
];
