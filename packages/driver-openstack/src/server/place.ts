import { GutsError } from '@guts/core';
import { compareVersions, getServer, LoginError, type OpenStackSession } from '@guts/openstack';
import { unreached } from '../unreached.ts';
import type { WorkerServer } from './worker-server.ts';

/** The worker's server, and a session of the project that it is in. */
export interface Place {
  readonly serverId: string;
  readonly session: OpenStackSession;
  /** It is in the target project: volumes need not change theirs. */
  readonly own: boolean;
}

const OLDEST = '2.70';
const NO_SERVER =
  "Set server_id (and server_project) of this worker to its server's; or set volume_access to image or auto.";

/** Where volumes are attached to; looked for once per connection. */
export class ServerPlace {
  readonly #server: WorkerServer;
  #place: Promise<Place> | undefined;
  #other: OpenStackSession | null = null;

  constructor(server: WorkerServer) {
    this.#server = server;
  }

  get server(): WorkerServer {
    return this.#server;
  }

  /** @param session of the target project @throws GutsError `destination_refused` (unreached) */
  async of(session: OpenStackSession, signal: AbortSignal): Promise<Place> {
    this.#place ??= this.#find(session, signal);
    try {
      return await this.#place;
    } catch (error) {
      this.#place = undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#other?.close();
  }

  async #find(session: OpenStackSession, signal: AbortSignal): Promise<Place> {
    const identity = await this.#server.identity(signal);
    if (!identity)
      throw unreached('this worker runs in no server of this cloud, as far as it can tell', NO_SERVER);
    const { serverId } = identity;
    // From there on it is told which volume of a server is there for a worker's sake.
    const version = (await session.microversion('compute', signal)) ?? '2.1';
    if (compareVersions(version, OLDEST) < 0)
      throw unreached(
        `the compute service offers ${version}; attaching volumes to the worker's server needs ${OLDEST}`,
        'Set volume_access to image or auto for this destination.',
      );
    const seen = await getServer(session, serverId, signal);
    if (seen && (seen.tenant_id ?? session.project.id) === session.project.id)
      return { serverId, session, own: true };
    const project = identity.project ?? seen?.tenant_id ?? null;
    if (project === null || [session.project.id, session.project.name].includes(project))
      throw unreached(
        `server ${serverId}, which this worker runs in, is not in project ${session.project.name}`,
        NO_SERVER,
      );
    this.#other = await this.#enter(session, project, signal);
    if (!(await getServer(this.#other, serverId, signal)))
      throw unreached(
        `there is no server ${serverId}, which this worker runs in, in project ${project}`,
        NO_SERVER,
      );
    return { serverId, session: this.#other, own: false };
  }

  async #enter(session: OpenStackSession, project: string, signal: AbortSignal): Promise<OpenStackSession> {
    try {
      return this.#other ?? (await session.rescope(project, signal));
    } catch (error) {
      if (!(error instanceof LoginError)) throw error;
      throw unreached(
        `volumes would be lent to project ${project}, in which this worker's server is: ${error.message}`,
        'Log in with a password as a user that is a member of both projects; or run a worker in a server of the target project; or set volume_access to image or auto.',
        error,
      );
    }
  }
}

/** Ids of what is attached to a server: `SERVER/VOLUME`. */
export const attachedId = (serverId: string, volumeId: string): string => `${serverId}/${volumeId}`;

/** @throws GutsError `internal` */
export function parseAttachedId(id: string): { readonly serverId: string; readonly volumeId: string } {
  const [serverId = '', volumeId = '', ...rest] = id.split('/');
  if (serverId === '' || volumeId === '' || rest.length > 0)
    throw new GutsError('internal', `${id} names no volume of a server`);
  return { serverId, volumeId };
}
