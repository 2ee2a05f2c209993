import { GutsError } from '@guts/core';

/** Where Cinder's NFS driver says a volume lies. */
export interface NfsConnection {
  /** `server:/path`. */
  readonly share: string;
  /** Base name of the volume's file. */
  readonly name: string;
  /** Folder in which Cinder's host mounts its shares; empty: not told. */
  readonly mountBase: string;
}

const byImage = 'Set volume_access to image for this destination.';

/**
 * What an attachment's connection information says, as far as a file of this host can be chosen by it. It is the
 * cloud's word: whoever uses the result makes sure that the file is such a volume's.
 * @throws GutsError `destination_refused` for volumes that this worker cannot fill as files
 */
export function readConnection(
  connection: Readonly<Record<string, unknown>>,
  volumeId: string,
): NfsConnection {
  // Before microversion 3.54 the facts are nested under `data`.
  const nested = connection['data'];
  const info = { ...connection, ...(typeof nested === 'object' ? nested : {}) } as Record<string, unknown>;
  const text = (key: string): string => {
    const value = info[key];
    return typeof value === 'string' ? value : '';
  };
  const refused = (message: string, remedy: string): GutsError =>
    new GutsError('destination_refused', message, { remedy });
  const type = text('driver_volume_type');
  if (type !== 'nfs')
    throw refused(`volumes of type "${type}" are not reached as files by this worker`, byImage);
  const format = text('format');
  if (format !== '' && format !== 'raw')
    throw refused(
      `volume ${volumeId} is a ${format} file on its NFS share: only raw ones are supported yet`,
      `${byImage} Or have Cinder make raw files (nfs_qcow2_volumes = false).`,
    );
  if (info['encrypted'] === true)
    throw refused(`volume ${volumeId} is encrypted: written as a file, it would not be`, byImage);
  const name = text('name');
  if (!/^[\w-]+$/.test(volumeId) || name !== `volume-${volumeId}`)
    throw refused(
      `the volume service says that volume ${volumeId} is the file "${name}": that is no name of its`,
      `${byImage} Files must be called volume-<id>, as Cinder's volume_name_template is by default.`,
    );
  return { share: text('export'), name, mountBase: text('mount_point_base') };
}
