import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BlockDevices, blockDevices } from '../brick/block-devices.ts';

/** The server of the cloud that this worker runs in. */
export interface ServerIdentity {
  readonly serverId: string;
  /** Id or name of its project; null: not known. */
  readonly project: string | null;
}

/** What attaching volumes to the worker's own server needs of it. */
export interface WorkerServer {
  /** Null: it runs in none, as far as can be told. */
  identity(signal: AbortSignal): Promise<ServerIdentity | null>;
  readonly devices: BlockDevices;
  /** Paths that name devices by what they are: those of /dev/disk/by-id. */
  links(): Promise<readonly string[]>;
}

export interface WorkerServerOptions {
  /** What the operator says of it. */
  readonly serverId: string | null;
  readonly project: string | null;
  readonly fetch?: typeof fetch;
  /** Where the kernel and udev tell of devices. */
  readonly byId?: string;
  readonly devices?: BlockDevices;
  /** Where cloud-init writes the server's id. */
  readonly instanceIdFile?: string;
}

/** Nova's own metadata in the format of OpenStack ("Metadata service", Nova's user guide). */
const METADATA = 'http://169.254.169.254/openstack/latest/meta_data.json';
const METADATA_MS = 3000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

async function metadata(get: typeof fetch, signal: AbortSignal): Promise<ServerIdentity | null> {
  try {
    const answer = await get(METADATA, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(METADATA_MS)]),
      redirect: 'error',
    });
    if (!answer.ok) return null;
    const { uuid, project_id: project } = (await answer.json()) as Record<string, unknown>;
    if (typeof uuid !== 'string' || !UUID.test(uuid)) return null;
    return { serverId: uuid, project: typeof project === 'string' ? project : null };
  } catch {
    // Elsewhere nobody answers there, or somebody else does: then it is no server of Nova.
    signal.throwIfAborted();
    return null;
  }
}

async function cloudInit(path: string): Promise<ServerIdentity | null> {
  const id = await readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
  return UUID.test(id) ? { serverId: id, project: null } : null;
}

/** By what the operator says, else by Nova's metadata service, else by what cloud-init left. */
export function workerServer({
  serverId,
  project,
  fetch: get = fetch,
  byId = '/dev/disk/by-id',
  devices = blockDevices(),
  instanceIdFile = '/var/lib/cloud/data/instance-id',
}: WorkerServerOptions): WorkerServer {
  return {
    async identity(signal) {
      if (serverId !== null) return { serverId, project };
      const found = (await metadata(get, signal)) ?? (await cloudInit(instanceIdFile));
      return found && { ...found, project: project ?? found.project };
    },
    devices,
    links: async () =>
      (
        await readdir(byId).catch((error: unknown): string[] => {
          // It is made with the first device that has a name.
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
          throw error;
        })
      ).map((name) => join(byId, name)),
  };
}
