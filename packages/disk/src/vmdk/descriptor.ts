import { UnsupportedDiskError } from '../errors.ts';

/** One line of a descriptor's extent section. Units: bytes. */
export interface DescriptorExtent {
  readonly kind: 'FLAT' | 'VMFS' | 'ZERO';
  readonly length: number;
  /** File beside the descriptor; absent for ZERO. */
  readonly file?: string;
  /** Where the extent starts in its file. */
  readonly fileOffset: number;
}
export interface VmdkDescriptor {
  readonly createType: string;
  readonly size: number;
  readonly extents: readonly DescriptorExtent[];
}

const EXTENT_LINE = /^\s*(RW|RDONLY|NOACCESS)\s+(\d+)\s+(\w+)(?:\s+"([^"]*)")?(?:\s+(\d+))?/;
const EXTENT_START = /^\s*(RW|RDONLY|NOACCESS)\b(?!\s*=)/;
const ENTRY_LINE = /^\s*([\w.]+)\s*=\s*"?([^"]*?)"?\s*$/;

/**
 * Reads a VMDK text descriptor whose extents are flat (Virtual Disk Format 5.0, "The Descriptor File"):
 * monolithicFlat, twoGbMaxExtentFlat, vmfs and the like. Throws `UnsupportedDiskError` for sparse extents,
 * delta links (their parent holds part of the disk) and what is no descriptor.
 */
export function parseVmdkDescriptor(text: string): VmdkDescriptor {
  if (!/^\s*# Disk DescriptorFile/i.test(text))
    throw new UnsupportedDiskError(
      'this is no VMDK descriptor (it does not begin with "# Disk DescriptorFile")',
    );
  const entries = new Map<string, string>();
  const extents: DescriptorExtent[] = [];
  for (const line of text.split(/\r?\n/)) {
    const extent = EXTENT_LINE.exec(line);
    if (extent) extents.push(parseExtent(line, extent));
    else if (EXTENT_START.test(line))
      throw new UnsupportedDiskError(`this VMDK has an extent that cannot be read: ${line}`);
    else {
      const [, key, value] = ENTRY_LINE.exec(line) ?? [];
      if (key !== undefined && value !== undefined) entries.set(key.toLowerCase(), value);
    }
  }
  const parent = entries.get('parentcid');
  if (parent !== undefined && !/^ffffffff$/i.test(parent))
    throw new UnsupportedDiskError('this VMDK is a delta of another disk: consolidate the snapshots first');
  if (extents.length === 0) throw new UnsupportedDiskError('this VMDK descriptor names no extent');
  const size = extents.reduce((sum, { length }) => sum + length, 0);
  if (!Number.isSafeInteger(size))
    throw new UnsupportedDiskError('this VMDK descriptor names too large a disk');
  return { createType: entries.get('createtype') ?? '', size, extents };
}

function parseExtent(line: string, match: RegExpExecArray): DescriptorExtent {
  const [, access, sectors, kind, file, offset] = match;
  const length = Number(sectors) * 512;
  const fileOffset = Number(offset ?? 0) * 512;
  if (access === 'NOACCESS')
    throw new UnsupportedDiskError(`this VMDK has an extent without access: ${line}`);
  if (!Number.isSafeInteger(length) || !Number.isSafeInteger(fileOffset))
    throw new UnsupportedDiskError(`this VMDK has an extent that is too large: ${line}`);
  if (kind === 'ZERO') return { kind, length, fileOffset: 0 };
  if (kind !== 'FLAT' && kind !== 'VMFS')
    throw new UnsupportedDiskError(
      `this VMDK has an extent of kind ${kind}; only FLAT, VMFS and ZERO can be read`,
    );
  if (file === undefined || file === '' || file === '..' || /[/\\\0]/.test(file))
    throw new UnsupportedDiskError(`this VMDK has an extent whose file does not lie beside it: ${line}`);
  return { kind, length, file, fileOffset };
}
