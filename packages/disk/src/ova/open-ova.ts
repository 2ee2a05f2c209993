import { TextDecoder } from 'node:util';
import { CorruptDiskError, DiskSizeError, UnsupportedDiskError } from '../errors.ts';
import { imageFileWindow, openImageFile, readBytes, type ImageFile } from '../file/image-file.ts';
import { probeDiskFile } from '../file/probe.ts';
import { openQcow2File } from '../qcow2/open-qcow2.ts';
import { rangeReader } from '../range-reader.ts';
import type { DiskReader, DiskStream } from '../types.ts';
import { openVmdkFile, type OpenDiskOptions } from '../vmdk/open-vmdk.ts';
import { openStreamVmdk } from '../vmdk/stream.ts';
import { checkDigest, parseManifest, pieces } from './manifest.ts';
import { parseOvf, type Ovf, type OvfDisk, type OvfFile } from './ovf.ts';
import { listTar, type TarMember } from './tar.ts';

/** A disk of an OVA, as its OVF describes it. */
export interface OvaDisk {
  readonly id: string;
  /** Name of its file in the archive; undefined for an empty disk. */
  readonly file: string | undefined;
  /** Bytes of that file; 0 without one. */
  readonly fileSize: number;
  /** Bytes that the disk shall have; undefined if whoever deploys it decides. The disk file itself may say otherwise. */
  readonly capacity: number | undefined;
  /** A URI, as it stands; the file's own magic decides how it is read. */
  readonly format: string;
}

/** An open OVA. Its readers and streams end with it. */
export interface Ova {
  readonly disks: readonly OvaDisk[];
  /** Opens a disk for random access. Throws `CorruptDiskError`, `UnsupportedDiskError`, `DiskSizeError`. */
  openDisk(disk: OvaDisk, signal: AbortSignal): Promise<DiskReader>;
  /** Opens a streamOptimized VMDK to be read once, from beginning to end, proving it whole. */
  openStream(disk: OvaDisk, signal: AbortSignal): Promise<DiskStream>;
  /**
   * Reads all that the manifest names and compares digests; every disk's file and the OVF must be named. Throws
   * `CorruptDiskError` if one differs, `UnsupportedDiskError` if there is no manifest. A signature (.cert) is not looked at.
   */
  verify(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const MAX_TEXT = 8 * 1024 * 1024;

/** Opens an OVA (DMTF DSP0243, "Distribution"): a tar archive with an OVF, perhaps a manifest, and disks. */
export async function openOva(path: string, options: OpenDiskOptions = {}): Promise<Ova> {
  const file = await openImageFile(path);
  try {
    return await openOvaFile(file, options);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Like `openOva`, for a file that is open. The OVA closes it; if this throws, it is the caller's still. */
export async function openOvaFile(file: ImageFile, options: OpenDiskOptions = {}): Promise<Ova> {
  const { signal = new AbortController().signal } = options;
  const members = new Map<string, TarMember>();
  for (const member of await listTar(file, signal)) {
    if (members.has(member.name))
      throw new CorruptDiskError(`the archive has two members named "${member.name}"`, member.position);
    members.set(member.name, member);
  }
  const envelope = soleMember(members, '.ovf');
  if (!envelope) throw new UnsupportedDiskError(`${file.name} is a tar archive without an OVF, so no OVA`);
  const archive = new OvaArchive(file, members, envelope.name);
  return archive.describe(parseOvf(await archive.text(envelope, signal)));
}

function soleMember(members: ReadonlyMap<string, TarMember>, ending: string): TarMember | undefined {
  const found = [...members.values()].filter(({ name }) => name.toLowerCase().endsWith(ending));
  if (found.length > 1)
    throw new UnsupportedDiskError(`the archive has ${found.length} members that end with ${ending}`);
  return found[0];
}

class OvaArchive {
  readonly #file: ImageFile;
  readonly #members: ReadonlyMap<string, TarMember>;
  readonly #envelope: string;

  constructor(file: ImageFile, members: ReadonlyMap<string, TarMember>, envelope: string) {
    this.#file = file;
    this.#members = members;
    this.#envelope = envelope;
  }

  async text(member: TarMember, signal: AbortSignal): Promise<string> {
    if (member.size > MAX_TEXT)
      throw new UnsupportedDiskError(`${member.name} is larger than ${MAX_TEXT} bytes`);
    return new TextDecoder().decode(await readBytes(this.#file, member.position, member.size, signal));
  }

  describe(ovf: Ovf): Ova {
    const known = new Map<OvaDisk, { readonly disk: OvfDisk; readonly file: OvfFile | undefined }>();
    for (const disk of ovf.disks) {
      const file = disk.fileId === undefined ? undefined : ovf.files.get(disk.fileId);
      if (disk.fileId !== undefined && !file)
        throw new CorruptDiskError(`the OVF's disk "${disk.id}" has a file that it does not list`, 0);
      const member = file && this.#memberOf(file);
      const { id, capacity, format } = disk;
      known.set({ id, capacity, format, file: member?.name, fileSize: member?.size ?? 0 }, { disk, file });
    }
    const disks = [...known.keys()];
    const find = (disk: OvaDisk): { readonly disk: OvfDisk; readonly file: OvfFile | undefined } => {
      const found = known.get(disk);
      if (!found) throw new UnsupportedDiskError('this disk is not one of this OVA');
      return found;
    };
    let closed: Promise<void> | undefined;
    return {
      disks,
      openDisk: async (disk, signal) => this.#openDisk(find(disk), signal),
      openStream: async (disk, signal) => {
        const window = this.#windowOf(find(disk));
        if (!window) throw new UnsupportedDiskError(`the disk "${disk.id}" is empty, so there is no stream`);
        return openStreamVmdk(pieces(window, signal), { signal });
      },
      verify: (signal) => this.#verify(disks, signal),
      close: () => (closed ??= this.#file.close()),
    };
  }

  async #openDisk(
    found: { readonly disk: OvfDisk; readonly file: OvfFile | undefined },
    signal: AbortSignal,
  ): Promise<DiskReader> {
    const window = this.#windowOf(found);
    if (!window) return emptyDisk(found.disk);
    const format = await probeDiskFile(window, signal);
    if (format === 'vmdk') return openVmdkFile(window, { signal });
    if (format === 'qcow2') return openQcow2File(window, { signal });
    throw new UnsupportedDiskError(`${window.name} is neither a VMDK nor a qcow2 image`);
  }

  /** The disk's file; undefined if it has none. */
  #windowOf({
    disk,
    file,
  }: {
    readonly disk: OvfDisk;
    readonly file: OvfFile | undefined;
  }): ImageFile | undefined {
    if (disk.parentId !== undefined)
      throw new UnsupportedDiskError(`the disk "${disk.id}" is a delta of "${disk.parentId}"`);
    if (!file) return undefined;
    if (file.altered)
      throw new UnsupportedDiskError(
        `${file.href} is compressed or cut in pieces: pack the OVA without that`,
      );
    const { name, position, size } = this.#memberOf(file);
    if (file.size !== undefined && file.size !== size)
      throw new DiskSizeError(`${name} has ${size} bytes, but the OVF says ${file.size}`);
    return imageFileWindow(this.#file, name, position, size);
  }

  #memberOf({ href }: OvfFile): TarMember {
    const member = this.#members.get(href) ?? this.#members.get(decoded(href));
    if (!member) throw new CorruptDiskError(`the archive does not hold "${href}", which its OVF names`, 0);
    return member;
  }

  async #verify(disks: readonly OvaDisk[], signal: AbortSignal): Promise<void> {
    const manifest = soleMember(this.#members, '.mf');
    if (!manifest) throw new UnsupportedDiskError(`${this.#file.name} has no manifest to verify it by`);
    const entries = parseManifest(await this.text(manifest, signal));
    const named = new Set(entries.map(({ file }) => file));
    for (const name of [this.#envelope, ...disks.flatMap(({ file }) => file ?? [])])
      if (!named.has(name)) throw new CorruptDiskError(`the manifest does not name "${name}"`, 0);
    for (const entry of entries) {
      const member = this.#members.get(entry.file);
      if (!member)
        throw new CorruptDiskError(`the archive does not hold "${entry.file}", which its manifest names`, 0);
      await checkDigest(
        imageFileWindow(this.#file, member.name, member.position, member.size),
        entry,
        signal,
      );
    }
  }
}

function decoded(href: string): string {
  try {
    return decodeURIComponent(href);
  } catch {
    // Not percent-encoded after all: the name as it stands was looked for already.
    return href;
  }
}

function emptyDisk({ id, capacity }: OvfDisk): DiskReader {
  if (capacity === undefined)
    throw new UnsupportedDiskError(`the disk "${id}" is empty and whoever deploys it decides its size`);
  return rangeReader({
    size: capacity,
    map: () => [],
    readRange: (_offset, buffer) => {
      buffer.fill(0);
      return Promise.resolve();
    },
  });
}
