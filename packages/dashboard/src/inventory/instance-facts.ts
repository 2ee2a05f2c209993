import type { Instance } from '@guts/contract';

/** Bytes of all disks. */
export const sizeOf = ({ disks }: Instance): number =>
  disks.reduce((sum, disk) => sum + disk.capacity_bytes, 0);

/** Folders that a machine lies in, without its own name; a slash in a name is `%2f` in a path. */
export function folderOf({ path }: Pick<Instance, 'path'>): string {
  return path
    .split('/')
    .slice(0, -1)
    .map((name) => name.replaceAll('%2f', '/'))
    .join(' / ');
}
