import { CorruptDiskError, UnsupportedDiskError } from '../errors.ts';
import { readBytes, type ImageFile } from '../file/image-file.ts';
import { parseTarHeader, TAR_BLOCK } from './tar-header.ts';

/** A regular file in an archive. Units: bytes. */
export interface TarMember {
  readonly name: string;
  /** Where its data starts in the archive. */
  readonly position: number;
  readonly size: number;
}

/** An OVA has a handful. */
const MAX_MEMBERS = 10_000;
const MAX_EXTENSION = 64 * 1024;

/**
 * Lists the regular files of a tar archive by its headers alone, so that each can be read in place; libraries of
 * tar only stream. Understands ustar, pax (names and sizes) and GNU's long names and sizes. Throws `CorruptDiskError`
 * if the archive is cut off or damaged, `UnsupportedDiskError` for GNU's sparse members.
 */
export async function listTar(file: ImageFile, signal: AbortSignal): Promise<TarMember[]> {
  const members: TarMember[] = [];
  let next: { name?: string; size?: number } = {};
  let headers = 0;
  for (let at = 0; at < file.size;) {
    const block = await readBytes(file, at, TAR_BLOCK, signal);
    if (block.every((byte) => byte === 0)) return members;
    headers += 1;
    if (headers > MAX_MEMBERS)
      throw new CorruptDiskError(`${file.name} has more than ${MAX_MEMBERS} members`, at);
    const header = parseTarHeader(block, at);
    const isExtension = 'xLKg'.includes(header.type);
    const size = isExtension ? header.size : (next.size ?? header.size);
    const position = at + TAR_BLOCK;
    if (size > file.size - position)
      throw new CorruptDiskError(`${file.name} ends inside its member ${shown(header.name)}`, file.size);
    if (header.type === 'S')
      throw new UnsupportedDiskError(`${file.name} has a sparse member, ${shown(header.name)}: pack it anew`);
    if (header.type === 'x' || header.type === 'L') {
      if (size > MAX_EXTENSION) throw new CorruptDiskError('a header of the archive is too long', at);
      const data = Buffer.from(await readBytes(file, position, size, signal));
      next = { ...next, ...(header.type === 'x' ? paxRecords(data, at) : { name: untilNul(data) }) };
    } else if (!isExtension) {
      if (header.type === '0' || header.type === '7')
        members.push({ name: plain(next.name ?? header.name), position, size });
      next = {};
    }
    at = position + Math.ceil(size / TAR_BLOCK) * TAR_BLOCK;
  }
  return members;
}

/** Records of the form "LENGTH KEY=VALUE\n" (POSIX.1-2017, pax, "pax Extended Header"). */
function paxRecords(data: Buffer, at: number): { name?: string; size?: number } {
  const found: { name?: string; size?: number } = {};
  for (let start = 0; start < data.length;) {
    const [head, digits] = /^(\d{1,6}) /.exec(data.toString('latin1', start, start + 8)) ?? [];
    const end = start + Number(digits);
    if (head === undefined || end <= start + head.length || end > data.length)
      throw new CorruptDiskError('an extended header of the archive is damaged', at);
    const [, key, value = ''] =
      /^([^=]*)=(.*)\n$/s.exec(data.toString('utf8', start + head.length, end)) ?? [];
    if (key === 'path') found.name = value;
    else if (key === 'size') {
      found.size = Number(value);
      if (!/^\d+$/.test(value) || !Number.isSafeInteger(found.size))
        throw new CorruptDiskError('a member of the archive has an impossible size', at);
    } else if (key?.startsWith('GNU.sparse.'))
      throw new UnsupportedDiskError('the archive has a sparse member: pack it anew');
    start = end;
  }
  return found;
}

function untilNul(data: Buffer): string {
  const nul = data.indexOf(0);
  return data.toString('utf8', 0, nul < 0 ? data.length : nul);
}

function plain(name: string): string {
  return name.replace(/^(\.\/)+/, '');
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 100));
}
