import { unreached } from './unreached.ts';

/** Where Cinder's NFS driver says a volume lies. */
export interface NfsConnection {
  /** `server:/path`. */
  readonly share: string;
  /** Base name of the volume's file. */
  readonly name: string;
  readonly format: 'raw' | 'qcow2';
  /** How Cinder's host mounts the share; empty: not told. */
  readonly options: string;
  /** Folder in which Cinder's host mounts its shares; empty: not told. */
  readonly mountBase: string;
}

const byImage = 'Set volume_access to image or auto for this destination.';

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
  const type = text('driver_volume_type');
  if (type !== 'nfs')
    throw unreached(`volumes of type "${type}" are not reached as files by this worker`, byImage);
  const format = text('format');
  // Told by Cinder and never looked for: the bytes of a raw volume may look like anything.
  if (format !== '' && format !== 'raw' && format !== 'qcow2')
    throw unreached(`volume ${volumeId} is a file of the unknown format "${format}"`, byImage);
  if (info['encrypted'] === true)
    throw unreached(`volume ${volumeId} is encrypted: written as a file, it would not be`, byImage);
  const name = text('name');
  if (!/^[\w-]+$/.test(volumeId) || name !== `volume-${volumeId}`)
    throw unreached(
      `the volume service says that volume ${volumeId} is the file "${name}": that is no name of its`,
      `${byImage} Files must be called volume-<id>, as Cinder's volume_name_template is by default.`,
    );
  return {
    share: text('export'),
    name,
    format: format === 'qcow2' ? 'qcow2' : 'raw',
    options: text('options'),
    mountBase: text('mount_point_base'),
  };
}
