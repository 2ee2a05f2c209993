import { type DiskSession, type Extent, GutsError, type InstanceDisk, type OpenDisk } from '@guts/core';
import { rangeReader } from '@guts/disk';
import { DatastoreFile, splitDatastorePath, type VSphereSession } from '@guts/vsphere';
import { inWords } from '../errors.ts';
import { flatExtent } from './descriptor.ts';

const DESCRIPTOR_LIMIT = 64 * 1024;
/** Connections to the server for one disk; each is one of its threads. */
const REQUESTS_AT_ONCE = 8;

/** Where a disk's descriptor is, and its text. @throws FileRequestError, ProtocolError, GutsError `disk_transport` */
export async function readDescriptor(
  session: VSphereSession,
  datacenter: string,
  disk: Pick<InstanceDisk, 'label' | 'path'>,
  signal: AbortSignal,
): Promise<{ readonly datastore: string; readonly path: string; readonly text: string }> {
  if (disk.path === null) throw new GutsError('disk_transport', `${disk.label} has no file`);
  const { datastore, path } = splitDatastorePath(disk.path);
  const file = new DatastoreFile(session, { datacenter, datastore, path });
  return { datastore, path, text: await file.text(signal, DESCRIPTOR_LIMIT) };
}

function mustHave(disk: InstanceDisk, what: string, bytes: number): void {
  if (bytes !== disk.capacityBytes)
    throw new GutsError(
      'disk_transport',
      `${disk.label}: ${what} has ${bytes} bytes, the inventory says ${disk.capacityBytes}`,
    );
}

/** The flat file behind a disk, by its descriptor. @throws FileRequestError, ProtocolError, GutsError `disk_transport` */
export async function findFlatFile(
  session: VSphereSession,
  datacenter: string,
  disk: InstanceDisk,
  signal: AbortSignal,
): Promise<DatastoreFile> {
  const { datastore, path, text } = await readDescriptor(session, datacenter, disk, signal);
  const extent = flatExtent(text, `[${datastore}] ${path}`);
  mustHave(disk, 'its descriptor', extent.size);
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  return new DatastoreFile(session, { datacenter, datastore, path: `${folder}${extent.file}` });
}

/** That the file can be read and is the disk. @throws FileRequestError, ProtocolError, GutsError `disk_transport` */
export async function checkFlatFile(
  file: DatastoreFile,
  disk: InstanceDisk,
  signal: AbortSignal,
): Promise<void> {
  mustHave(disk, 'its file', await file.size(signal));
}

/** Reads disks of a machine that is off by HTTPS ranges of their flat files; nothing is held at the source. */
export async function openDatastoreDisks(
  session: VSphereSession,
  datacenter: string,
  disks: readonly InstanceDisk[],
  areas: ReadonlyMap<string, readonly Extent[]>,
  signal: AbortSignal,
): Promise<DiskSession> {
  const open: OpenDisk[] = [];
  for (const disk of disks) {
    const file = await findFlatFile(session, datacenter, disk, signal);
    await checkFlatFile(file, disk, signal);
    const map = areas.get(disk.key);
    const source = rangeReader({
      size: disk.capacityBytes,
      requestsAtOnce: REQUESTS_AT_ONCE,
      readRange: (offset, buffer, own) => inWords(() => file.read(offset, buffer, own)),
      ...(map ? { map: () => map } : {}),
    });
    open.push({ key: disk.key, source });
  }
  const close = async (): Promise<void> => {
    for (const { source } of open) await source.close();
  };
  return {
    transport: 'datastore',
    disks: open,
    externalId: null,
    progress: () => undefined,
    complete: close,
    abort: close,
  };
}
