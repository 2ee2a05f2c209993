import { createHash } from 'node:crypto';

/** Makes tar archives and OVAs for tests; shares nothing with the reader. */
export interface Member {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly type?: string;
}

const block = (length: number): Buffer => Buffer.alloc(Math.ceil(length / 512) * 512);

export function tarHeader(name: string, size: number, type = '0'): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  if (size < 8 ** 11) header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  else {
    header.writeUInt8(0x80, 124);
    header.writeBigUInt64BE(BigInt(size), 128);
  }
  header.write('00000000000\0', 136);
  header.write(type, 156);
  header.write('ustar\x0000', 257, 'latin1');
  return withChecksum(header);
}

export function withChecksum(header: Buffer): Buffer {
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

export function tar(members: readonly Member[]): Buffer {
  const parts: Buffer[] = [];
  for (const { name, bytes, type } of members) {
    const data = block(bytes.length);
    data.set(bytes);
    parts.push(tarHeader(name, bytes.length, type), data);
  }
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

export interface OvfDiskOptions {
  readonly file?: string;
  readonly size?: number;
  readonly capacity: string;
  readonly units?: string;
  readonly fileAttributes?: string;
  readonly diskAttributes?: string;
}

export function ovf(disks: readonly OvfDiskOptions[]): string {
  const files = disks.flatMap(({ file, size, fileAttributes = '' }, index) =>
    file === undefined
      ? []
      : `<File ovf:id="file${index}" ovf:href="${file}"${size === undefined ? '' : ` ovf:size="${size}"`} ${fileAttributes}/>`,
  );
  const list = disks.map(
    ({ file, capacity, units, diskAttributes = '' }, index) =>
      `<Disk ovf:diskId="vmdisk${index}" ovf:capacity="${capacity}"` +
      (units === undefined ? '' : ` ovf:capacityAllocationUnits="${units}"`) +
      (file === undefined ? '' : ` ovf:fileRef="file${index}"`) +
      ` ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized" ${diskAttributes}/>`,
  );
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    '<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1">\n' +
    `<References>${files.join('')}</References>\n` +
    `<DiskSection><Info>Disks</Info>${list.join('')}</DiskSection>\n</Envelope>\n`
  );
}

export function manifest(members: readonly Member[], algorithm: 'sha1' | 'sha256' = 'sha256'): string {
  return members
    .map(
      ({ name, bytes }) =>
        `${algorithm.toUpperCase()}(${name})= ${createHash(algorithm).update(bytes).digest('hex')}\n`,
    )
    .join('');
}
