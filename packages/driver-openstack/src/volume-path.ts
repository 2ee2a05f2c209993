import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GutsError } from '@guts/core';

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/**
 * Where this host reaches an attached volume as a file: below a mount of its NFS share as Cinder and Nova name it
 * (`<mount_point_base>/<md5 of the share>/<volume>`), or in the exported folder itself when this host exports it.
 * @throws GutsError `destination_refused` when it does not
 */
export async function volumePath(connection: Readonly<Record<string, unknown>>): Promise<string> {
  // Before microversion 3.54 the facts are nested under `data`.
  const nested = connection['data'];
  const info = { ...connection, ...(typeof nested === 'object' ? nested : {}) } as Record<string, unknown>;
  const text = (key: string): string => {
    const value = info[key];
    return typeof value === 'string' ? value : '';
  };
  const type = text('driver_volume_type');
  if (type !== 'nfs')
    throw new GutsError(
      'destination_refused',
      `volumes of type "${type}" are not reached as files by this worker`,
      { remedy: 'Set volume_access to image for this destination.' },
    );
  const share = text('export');
  const name = text('name');
  if (name === '' || name.includes('/') || name.startsWith('.'))
    throw new GutsError('destination_fault', `the volume service names a volume file "${name}"`);
  const base = text('mount_point_base');
  const mounted = base !== '' ? join(base, createHash('md5').update(share).digest('hex'), name) : null;
  const exported = join(share.slice(share.indexOf(':') + 1), name);
  for (const path of mounted === null ? [exported] : [mounted, exported]) if (await isFile(path)) return path;
  throw new GutsError('destination_refused', `this worker does not reach ${name} of the NFS share ${share}`, {
    remedy: `Mount the share${mounted === null ? '' : ` so that ${mounted} exists`}, or set volume_access to image.`,
  });
}
