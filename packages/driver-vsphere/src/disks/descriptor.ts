import { GutsError } from '@guts/core';

/** One extent of a VMDK descriptor: its sectors lie in a file beside it. */
export interface FlatExtent {
  /** File name, relative to the descriptor's folder. */
  readonly file: string;
  /** Bytes. */
  readonly size: number;
}

const SECTOR = 512;

/**
 * The content id: a number that changes when the disk is first written after it was opened. (VMware "Virtual Disk
 * Format 5.0", The Header: CID.) Null when the descriptor has none.
 */
export function contentId(descriptor: string): string | null {
  return /^[ \t]*CID[ \t]*=[ \t]*([0-9a-f]{1,8})[ \t]*\r?$/im.exec(descriptor)?.[1]?.toLowerCase() ?? null;
}

/**
 * The flat extent of a disk without parent. (VMware "Virtual Disk Format 5.0", The Descriptor File: extent lines
 * are `access size type "file" [offset]`.)
 * @throws GutsError `disk_transport` for a disk that is no single flat file
 */
export function flatExtent(descriptor: string, name: string): FlatExtent {
  const refuse = (why: string): GutsError =>
    new GutsError('disk_transport', `${name} cannot be read by ranges: ${why}`, {
      remedy: 'Use the lease transport (--transport lease).',
    });
  if (!/^\s*#\s*Disk DescriptorFile/.test(descriptor)) throw refuse('its descriptor is none');
  const parent = /^\s*parentCID\s*=\s*([0-9a-f]+)/im.exec(descriptor)?.[1];
  if (parent !== undefined && parent.toLowerCase() !== 'ffffffff')
    throw refuse('it depends on another disk (snapshot)');
  // A name may itself hold quotes: it ends at the last one of its line.
  const line = /^\s*(RW|RDONLY|NOACCESS)[ \t]+(\d+)[ \t]+(\w+)(?:[ \t]+"(.*)")?(?:[ \t]+(\d+))?[ \t]*\r?$/gm;
  const extents = [...descriptor.matchAll(line)];
  const [extent] = extents;
  if (!extent || extents.length !== 1) throw refuse(`it has ${extents.length} extents instead of one`);
  const [, access, sectors, type, file, offset] = extent;
  if (access !== 'RW') throw refuse(`its extent is ${access}`);
  if (type !== 'VMFS' && type !== 'FLAT') throw refuse(`its extent is of type ${type}`);
  if (file === undefined || file === '' || file.includes('/'))
    throw refuse('its extent names no file beside it');
  if (offset !== undefined && offset !== '0')
    throw refuse(`its extent starts at sector ${offset} of the file`);
  return { file, size: Number(sectors) * SECTOR };
}
