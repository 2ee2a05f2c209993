import { TextDecoder } from 'node:util';
import { CorruptDiskError, UnsupportedDiskError } from '../errors.ts';

/** One line of a descriptor's extent section. Units: bytes. */
export type DescriptorExtent =
  | { readonly kind: 'ZERO'; readonly length: number }
  | {
      readonly kind: 'FLAT' | 'VMFS' | 'SPARSE';
      readonly length: number;
      /** Name of a file beside the descriptor. */
      readonly file: string;
      /** Where the extent starts in its file; 0 for SPARSE. */
      readonly fileOffset: number;
    };
export interface VmdkDescriptor {
  readonly createType: string;
  readonly size: number;
  readonly extents: readonly DescriptorExtent[];
}

/** A descriptor is a few lines, or a few thousand for the largest of split disks; more is another file. Bytes. */
export const MAX_DESCRIPTOR = 1024 * 1024;
/** 8 TiB, the largest that hosted products make, in files of 2 GiB. */
const MAX_EXTENTS = 4096;

const BEGINNING = /^\s*# Disk DescriptorFile/i;
const EXTENT_LINE = /^\s*(RW|RDONLY|NOACCESS)\s+(\d+)\s+(\w+)(?:\s+"([^"]*)")?(?:\s+(\d+))?/;
const EXTENT_START = /^\s*(RW|RDONLY|NOACCESS)\b(?!\s*=)/;
const ENTRY_LINE = /^\s*([\w.]+)\s*=\s*"?([^"]*?)"?\s*$/;

export function isVmdkDescriptor(bytes: Uint8Array): boolean {
  return BEGINNING.test(Buffer.from(bytes.subarray(0, 64)).toString('latin1'));
}

/** Decodes a descriptor up to its first NUL, in the encoding that it says it has (default UTF-8). */
export function decodeDescriptor(bytes: Uint8Array): string {
  const nul = bytes.indexOf(0);
  const text = nul < 0 ? bytes : bytes.subarray(0, nul);
  const [, label = 'utf-8'] =
    /^\s*encoding\s*=\s*"([\w-]+)"/im.exec(Buffer.from(text).toString('latin1')) ?? [];
  return decoderOf(label).decode(text);
}

function decoderOf(label: string): TextDecoder {
  try {
    return new TextDecoder(label);
  } catch {
    // Only names of files depend on it: one that is not found is reported by its name.
    return new TextDecoder();
  }
}

/**
 * Reads a VMDK text descriptor that lies in a file of its own (Virtual Disk Format 5.0, "The Descriptor File"):
 * monolithicFlat, twoGbMaxExtentFlat, twoGbMaxExtentSparse, vmfs and the like. Throws `UnsupportedDiskError` for
 * other extents, delta links (their parent holds part of the disk) and what is no descriptor.
 */
export function parseVmdkDescriptor(text: string): VmdkDescriptor {
  const { createType, lines } = readDescriptor(text);
  const extents = lines.map(parseExtent);
  if (extents.length === 0) throw new UnsupportedDiskError('this VMDK descriptor names no extent');
  const size = extents.reduce((sum, { length }) => sum + length, 0);
  if (!Number.isSafeInteger(size))
    throw new UnsupportedDiskError('this VMDK descriptor names too large a disk');
  return { createType, size, extents };
}

/**
 * Checks the descriptor inside a sparse file: the disk must be that file alone. The name in its one extent line is
 * what the file was called when it was made, so it means nothing. Throws `UnsupportedDiskError`.
 */
export function checkEmbeddedDescriptor(text: string): void {
  const { lines } = readDescriptor(text);
  if (lines.length > 1)
    throw new UnsupportedDiskError(
      `this VMDK is one of ${lines.length} files of a disk: open the descriptor that names them`,
    );
  const [, , , kind = 'SPARSE'] = EXTENT_LINE.exec(lines[0] ?? '') ?? [];
  if (kind !== 'SPARSE')
    throw new CorruptDiskError(`a sparse VMDK whose descriptor has an extent of kind ${kind}`, 0);
}

function readDescriptor(text: string): { createType: string; lines: readonly string[] } {
  if (!BEGINNING.test(text))
    throw new UnsupportedDiskError(
      'this is no VMDK descriptor (it does not begin with "# Disk DescriptorFile")',
    );
  const entries = new Map<string, string>();
  const lines: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (EXTENT_START.test(line)) lines.push(line);
    else {
      const [, key, value] = ENTRY_LINE.exec(line) ?? [];
      if (key !== undefined && value !== undefined) entries.set(key.toLowerCase(), value);
    }
  }
  const parent = entries.get('parentcid');
  if (parent !== undefined && !/^ffffffff$/i.test(parent))
    throw new UnsupportedDiskError('this VMDK is a delta of another disk: consolidate the snapshots first');
  if (lines.length > MAX_EXTENTS)
    throw new UnsupportedDiskError(
      `this VMDK descriptor names ${lines.length} extents (at most ${MAX_EXTENTS} are read)`,
    );
  return { createType: entries.get('createtype') ?? '', lines };
}

function parseExtent(line: string): DescriptorExtent {
  const shown = line.trim().slice(0, 200);
  const match = EXTENT_LINE.exec(line);
  if (!match) throw new UnsupportedDiskError(`this VMDK has an extent that cannot be read: ${shown}`);
  const [, access, sectors, kind, file, offset] = match;
  const length = Number(sectors) * 512;
  const fileOffset = Number(offset ?? 0) * 512;
  if (access === 'NOACCESS')
    throw new UnsupportedDiskError(`this VMDK has an extent without access: ${shown}`);
  if (length === 0) throw new UnsupportedDiskError(`this VMDK has an extent of no bytes: ${shown}`);
  if (!Number.isSafeInteger(length + fileOffset))
    throw new UnsupportedDiskError(`this VMDK has an extent that is too large: ${shown}`);
  if (kind === 'ZERO') return { kind, length };
  if (kind !== 'FLAT' && kind !== 'VMFS' && kind !== 'SPARSE')
    throw new UnsupportedDiskError(
      `this VMDK has an extent of kind ${kind}; only FLAT, VMFS, SPARSE and ZERO can be read`,
    );
  if (file === undefined || file === '' || file === '.' || file === '..' || /[/\\\0]/.test(file))
    throw new UnsupportedDiskError(`this VMDK has an extent whose file does not lie beside it: ${shown}`);
  return { kind, length, file, fileOffset: kind === 'SPARSE' ? 0 : fileOffset };
}
