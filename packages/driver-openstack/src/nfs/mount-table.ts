import { createHash } from 'node:crypto';
import { basename } from 'node:path';

interface Mount {
  /** As in /proc/self/fdinfo. */
  readonly id: string;
  readonly point: string;
  readonly type: string;
  readonly source: string;
}

/** Blanks and their kin are written in octal (proc(5), /proc/pid/mountinfo). */
const plain = (text: string): string =>
  text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

const withoutSlash = (share: string): string => share.replace(/(?<=.)\/+$/, '');

/** What is seen at each mount point: the last that was mounted there hides the others. */
function visibleMounts(mountInfo: string): Iterable<Mount> {
  const mounts = new Map<string, Mount>();
  for (const line of mountInfo.split('\n')) {
    // Optional fields end with a lone dash; type and source follow.
    const [before = '', after = ''] = line.split(' - ');
    const [id = '', , , , at = ''] = before.split(' ');
    const point = plain(at);
    const [type = '', source = ''] = after.split(' ');
    if (point !== '') mounts.set(point, { id, point, type, source: plain(source) });
  }
  return mounts.values();
}

/**
 * Where this host has the NFS share mounted. A mount of another type counts when it bears the name that Cinder and
 * Nova give a share's mount point (its MD5, see os-brick's RemoteFsClient): a bind mount that stands in for NFS.
 * Either is the work of this host's administrator, which no cloud can imitate by what it says.
 * @param mountInfo the text of /proc/self/mountinfo
 * @param share as in `server:/path`
 */
export function shareMounts(mountInfo: string, share: string): string[] {
  const named = createHash('md5').update(share).digest('hex');
  const found: string[] = [];
  for (const { point, type, source } of visibleMounts(mountInfo)) {
    const isNfs = /^nfs\d*$/.test(type);
    if (isNfs ? withoutSlash(source) === withoutSlash(share) : basename(point) === named) found.push(point);
  }
  return found;
}

/** Id of what is mounted on a folder; null: nothing is. @param mountInfo the text of /proc/self/mountinfo */
export function mountIdAt(mountInfo: string, folder: string): string | null {
  for (const { id, point } of visibleMounts(mountInfo)) if (point === folder) return id;
  return null;
}

/** Id of the mount that an open file lies in. @param fdInfo the text of /proc/self/fdinfo/FD (proc(5)) */
export const mountIdOf = (fdInfo: string): string | null => /^mnt_id:\s*(\d+)/m.exec(fdInfo)?.[1] ?? null;
