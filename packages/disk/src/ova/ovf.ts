import { SaxesParser, type SaxesTagNS } from 'saxes';
import { CorruptDiskError, UnsupportedDiskError } from '../errors.ts';

/** A file that an OVF refers to. */
export interface OvfFile {
  readonly id: string;
  readonly href: string;
  /** Bytes, if the OVF tells. */
  readonly size: number | undefined;
  /** Whether it lies there compressed or in pieces. */
  readonly altered: boolean;
}
export interface OvfDisk {
  readonly id: string;
  /** Id of its file; undefined for a disk that is empty. */
  readonly fileId: string | undefined;
  /** Bytes; undefined where the OVF leaves it to who deploys it. */
  readonly capacity: number | undefined;
  /** A URI, as it stands. */
  readonly format: string;
  /** Id of the disk that this is a delta of. */
  readonly parentId: string | undefined;
}
export interface Ovf {
  readonly files: ReadonlyMap<string, OvfFile>;
  readonly disks: readonly OvfDisk[];
}

const MAX_ENTRIES = 1000;

/**
 * Reads References and DiskSection of an OVF envelope (DMTF DSP0243, sections "File references" and "DiskSection").
 * Throws `CorruptDiskError`, or `UnsupportedDiskError` for a document type, which no OVF needs.
 */
export function parseOvf(xml: string): Ovf {
  const files = new Map<string, OvfFile>();
  const disks = new Map<string, OvfDisk>();
  const path: string[] = [];
  const parser = new SaxesParser({ xmlns: true });
  parser.on('doctype', () => {
    throw new UnsupportedDiskError('the OVF has a document type: remove it');
  });
  parser.on('opentag', (tag) => {
    path.push(tag.local);
    const where = path.join('/');
    if (where === 'Envelope/References/File') addOnce(files, fileOf(tag));
    else if (where === 'Envelope/DiskSection/Disk') addOnce(disks, diskOf(tag));
  });
  parser.on('closetag', () => {
    path.pop();
  });
  try {
    parser.write(xml).close();
  } catch (error) {
    if (error instanceof CorruptDiskError || error instanceof UnsupportedDiskError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new CorruptDiskError(`the OVF is no sound XML (${reason})`, 0, { cause: error });
  }
  return { files, disks: [...disks.values()] };
}

function addOnce<T extends { readonly id: string }>(all: Map<string, T>, item: T): void {
  if (all.has(item.id)) throw new CorruptDiskError(`the OVF has two things with the id "${item.id}"`, 0);
  if (all.size === MAX_ENTRIES) throw new CorruptDiskError(`the OVF has more than ${MAX_ENTRIES} entries`, 0);
  all.set(item.id, item);
}

function fileOf(tag: SaxesTagNS): OvfFile {
  const size = attribute(tag, 'size');
  const compression = attribute(tag, 'compression');
  return {
    id: required(tag, 'id'),
    href: required(tag, 'href'),
    size: size === undefined ? undefined : bytes(size),
    altered:
      (compression !== undefined && compression !== '' && compression !== 'identity') ||
      attribute(tag, 'chunkSize') !== undefined,
  };
}

function diskOf(tag: SaxesTagNS): OvfDisk {
  const capacity = required(tag, 'capacity');
  return {
    id: required(tag, 'diskId'),
    fileId: attribute(tag, 'fileRef'),
    // "${name}" is a property that gets its value when the OVF is deployed.
    capacity: capacity.startsWith('${')
      ? undefined
      : bytes(capacity, unit(attribute(tag, 'capacityAllocationUnits') ?? 'byte')),
    format: attribute(tag, 'format') ?? '',
    parentId: attribute(tag, 'parentRef'),
  };
}

/** By local name: old OVFs leave out the namespace. */
function attribute(tag: SaxesTagNS, name: string): string | undefined {
  return Object.values(tag.attributes).find(({ local }) => local === name)?.value;
}

function required(tag: SaxesTagNS, name: string): string {
  const value = attribute(tag, name);
  if (value === undefined) throw new CorruptDiskError(`the OVF has a ${tag.local} without ${name}`, 0);
  return value;
}

/** "byte", "byte * 2^30", "byte * 10^9", "byte * 512" (DMTF DSP0004, programmatic units); also "GigaBytes" of old OVFs. */
function unit(text: string): number {
  const old = /^(kilo|mega|giga|tera)bytes?$/i.exec(text.trim())?.[1]?.toLowerCase();
  if (old !== undefined) return 1024 ** (['kilo', 'mega', 'giga', 'tera'].indexOf(old) + 1);
  const [all, base, exponent = '1'] = /^bytes?(?:\s*\*\s*(\d+)(?:\s*\^\s*(\d+))?)?$/.exec(text.trim()) ?? [];
  if (all === undefined) throw new CorruptDiskError(`the OVF has capacities in units of "${text}"`, 0);
  return base === undefined ? 1 : Number(base) ** Number(exponent);
}

function bytes(text: string, factor = 1): number {
  const value = /^\s*\d+\s*$/.test(text) ? Number(text) * factor : NaN;
  if (!Number.isSafeInteger(value)) throw new CorruptDiskError(`the OVF has a size of "${text}"`, 0);
  return value;
}
