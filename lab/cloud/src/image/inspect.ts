/**
 * What Glance looks for in the first bytes of an upload since CVE-2024-32498: that declared qcow2 and VMDK are what
 * they say, name no other file, and can be understood from the front. Raw may be anything.
 */
const QCOW2_MAGIC = 0x514649fb;
/** Incompatible feature bits of qcow2 that say something about this file only: dirty, corrupt, compression type. */
const KNOWN_QCOW2_FEATURES = 0b1011n; // not extended L2 entries: the inspector of Zed refuses those
const QCOW2_DATA_FILE = 0b100n;
const VMDK_FOOTER = 0xffffffffffffffffn;

/** Bytes of the front that inspection wants: a VMDK descriptor may be 1 MiB long. */
export const INSPECTED_BYTES = 64 * 1024;

export type Verdict =
  { readonly ok: true; readonly virtualSize: number | null } | { readonly ok: false; readonly why: string };

/** `size` is the upload's length, which is what raw's virtual size is. */
export function inspect(diskFormat: string, front: Buffer, size: number): Verdict {
  if (diskFormat === 'qcow2') return inspectQcow2(front);
  if (diskFormat === 'vmdk') return inspectVmdk(front);
  return { ok: true, virtualSize: diskFormat === 'raw' ? size : null };
}

function inspectQcow2(front: Buffer): Verdict {
  if (front.length < 512 || front.readUInt32BE(0) !== QCOW2_MAGIC)
    return { ok: false, why: 'Image disk_format qcow2 does not match stream data' };
  if (front.readBigUInt64BE(8) !== 0n)
    return { ok: false, why: 'Image failed safety checks: it has a backing file' };
  if (front.readUInt32BE(4) >= 3) {
    const features = front.readBigUInt64BE(72);
    if ((features & QCOW2_DATA_FILE) !== 0n)
      return { ok: false, why: 'Image failed safety checks: it has a data file' };
    if ((features & ~KNOWN_QCOW2_FEATURES) !== 0n)
      return { ok: false, why: 'Image failed safety checks: it has unknown features' };
  }
  return { ok: true, virtualSize: Number(front.readBigUInt64BE(24)) };
}

function inspectVmdk(front: Buffer): Verdict {
  if (front.length < 512 || front.toString('latin1', 0, 4) !== 'KDMV')
    return { ok: false, why: 'Image disk_format vmdk does not match stream data' };
  if (![1, 2, 3].includes(front.readUInt32LE(4)))
    return { ok: false, why: `Unsupported format version ${front.readUInt32LE(4)}` };
  if (front.readBigUInt64LE(56) === VMDK_FOOTER) return { ok: false, why: 'Unsupported VMDK footer' };
  const start = Number(front.readBigUInt64LE(28)) * 512;
  const length = Number(front.readBigUInt64LE(36)) * 512;
  if (start !== 512) return { ok: false, why: 'Wrong descriptor location' };
  const descriptor = front.toString('latin1', start, start + length).toLowerCase();
  const kind = /createtype="([a-z0-9]+)"/.exec(descriptor)?.[1];
  if (kind !== 'monolithicsparse' && kind !== 'streamoptimized')
    return { ok: false, why: `Image failed safety checks: VMDK type ${kind ?? 'missing'}` };
  const extents = descriptor.split('\n').filter((line) => /^(rw|rdonly|noaccess) /.test(line.trim()));
  if (extents.length === 0 || extents.some((line) => line.includes('/')))
    return { ok: false, why: 'Image failed safety checks: VMDK extents' };
  return { ok: true, virtualSize: Number(front.readBigUInt64LE(12)) * 512 };
}
