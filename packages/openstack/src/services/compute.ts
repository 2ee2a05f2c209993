import { isStatus, WaitError } from '../errors.ts';
import { collect, listAll } from '../paging.ts';
import { compareVersions } from '../microversion.ts';
import type { OpenStackSession } from '../session.ts';
import { waitFor } from '../wait.ts';

export interface ComputeFlavor {
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  /** MiB. */
  readonly ram: number;
  /** GiB. */
  readonly disk: number;
  readonly 'OS-FLV-EXT-DATA:ephemeral'?: number;
  readonly extra_specs?: Readonly<Record<string, string>>;
  readonly description?: string | null;
}
export interface Server {
  readonly id: string;
  readonly name: string;
  /** ACTIVE, BUILD, ERROR, SHUTOFF… */
  readonly status: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
  /** Its project. */
  readonly tenant_id?: string;
  readonly description?: string | null;
  readonly fault?: { readonly message: string; readonly code: number };
  /** By network name. */
  readonly addresses?: Readonly<
    Record<string, readonly { readonly addr: string; readonly 'OS-EXT-IPS-MAC:mac_addr'?: string }[]>
  >;
  readonly 'os-extended-volumes:volumes_attached'?: readonly { readonly id: string }[];
  /** 1 is running, 4 is off. */
  readonly 'OS-EXT-STS:power_state'?: number;
  readonly 'OS-EXT-STS:vm_state'?: string;
  readonly 'OS-EXT-STS:task_state'?: string | null;
  /** Null: no hypervisor ever started it. */
  readonly 'OS-SRV-USG:launched_at'?: string | null;
  /** Told from 2.9 on. */
  readonly locked?: boolean;
  /** Told from 2.73 on. */
  readonly locked_reason?: string | null;
}
export type BlockDevice = Readonly<Record<string, string | number | boolean>>;

/** Compute API v2.1. */
export function listFlavors(session: OpenStackSession, signal: AbortSignal): Promise<ComputeFlavor[]> {
  return collect(eachFlavor(session, signal));
}

/** The same, a page at a time. */
export function eachFlavor(
  session: OpenStackSession,
  signal: AbortSignal,
): AsyncGenerator<ComputeFlavor, void> {
  return listAll<ComputeFlavor>(session, 'compute', '/flavors/detail', 'flavors', {}, signal);
}

/** For administrators. The description is kept from 2.55 on. */
export async function createFlavor(
  session: OpenStackSession,
  wanted: {
    readonly name: string;
    readonly vcpus: number;
    /** MiB. */
    readonly ram: number;
    /** GiB. */
    readonly disk: number;
    readonly description: string;
  },
  signal: AbortSignal,
): Promise<ComputeFlavor> {
  const version = (await session.microversion('compute', signal)) ?? '2.1';
  const { description, ...flavor } = wanted;
  const described = compareVersions(version, '2.55') >= 0 ? { description } : {};
  const json = { flavor: { ...flavor, ...described, id: 'auto', 'os-flavor-access:is_public': true } };
  const made = await session.call('compute', { method: 'POST', path: '/flavors', json, signal });
  return (made as { flavor: ComputeFlavor }).flavor;
}

export function deleteFlavor(session: OpenStackSession, id: string, signal: AbortSignal): Promise<boolean> {
  return deleted(session, `/flavors/${id}`, signal);
}

/** @returns the id; the server is still being built */
export async function createServer(
  session: OpenStackSession,
  server: {
    readonly name: string;
    readonly flavorId: string;
    readonly portIds: readonly string[];
    readonly imageId: string | null;
    readonly blockDevices: readonly BlockDevice[];
    readonly availabilityZone: string | null;
    readonly metadata: Readonly<Record<string, string>>;
    /** Set where the cloud takes tags at creation (2.52). */
    readonly tags: readonly string[];
    /** Kept from 2.19 on. */
    readonly description?: string;
    readonly configDrive?: boolean;
    readonly keyName?: string;
  },
  signal: AbortSignal,
): Promise<string> {
  const version = (await session.microversion('compute', signal)) ?? '2.1';
  const json = {
    server: {
      name: server.name,
      flavorRef: server.flavorId,
      // "none" needs 2.37; before it, an empty list means the same only with no network in the project.
      networks:
        server.portIds.length === 0 && compareVersions(version, '2.37') >= 0
          ? 'none'
          : server.portIds.map((port) => ({ port })),
      ...(server.imageId === null ? {} : { imageRef: server.imageId }),
      ...(server.blockDevices.length === 0 ? {} : { block_device_mapping_v2: server.blockDevices }),
      ...(server.availabilityZone === null ? {} : { availability_zone: server.availabilityZone }),
      metadata: server.metadata,
      ...(server.configDrive === undefined ? {} : { config_drive: server.configDrive }),
      ...(server.keyName === undefined ? {} : { key_name: server.keyName }),
      ...(server.description !== undefined && compareVersions(version, '2.19') >= 0
        ? { description: server.description }
        : {}),
      ...(compareVersions(version, '2.52') >= 0 ? { tags: server.tags } : {}),
    },
  };
  const made = await session.call('compute', { method: 'POST', path: '/servers', json, signal });
  return (made as { server: { id: string } }).server.id;
}

/** Null when it does not exist. */
export async function getServer(
  session: OpenStackSession,
  id: string,
  signal: AbortSignal,
): Promise<Server | null> {
  try {
    const answer = await session.call('compute', { path: `/servers/${id}`, signal });
    return (answer as { server: Server }).server;
  } catch (error) {
    if (isStatus(error, 404)) return null;
    throw error;
  }
}

export function listServers(
  session: OpenStackSession,
  filter: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Server[]> {
  return collect(eachServer(session, filter, signal));
}

/** The same, a page at a time: servers of the session's project only, whoever asks. */
export function eachServer(
  session: OpenStackSession,
  filter: Readonly<Record<string, string>>,
  signal: AbortSignal,
): AsyncGenerator<Server, void> {
  return listAll<Server>(session, 'compute', '/servers/detail', 'servers', filter, signal);
}

export function deleteServer(session: OpenStackSession, id: string, signal: AbortSignal): Promise<boolean> {
  return deleted(session, `/servers/${id}`, signal);
}

export interface ServerWait {
  readonly deadlineSeconds: number;
  readonly signal: AbortSignal;
}

/**
 * Waits until the server is in one of these states and no task is under way.
 * @throws WaitError at the deadline, when it is gone, or in ERROR with Nova's reason
 */
export function waitServer(
  session: OpenStackSession,
  id: string,
  statuses: readonly string[],
  options: ServerWait,
): Promise<Server> {
  return waitFor(
    async () => {
      const server = await getServer(session, id, options.signal);
      if (!server) throw new WaitError(`server ${id} is gone`);
      const busy = (server['OS-EXT-STS:task_state'] ?? null) !== null;
      if (statuses.includes(server.status) && !busy) return server;
      if (server.status !== 'ERROR') return null;
      throw new WaitError(`server ${id} is in ERROR: ${server.fault?.message ?? 'Nova gives no reason'}`);
    },
    { ...options, what: `server ${id} to be ${statuses.join(' or ')}` },
  );
}

/** Waits until the server is no longer there. @throws WaitError */
export async function waitServerGone(
  session: OpenStackSession,
  id: string,
  options: ServerWait,
): Promise<void> {
  await waitFor(async () => ((await getServer(session, id, options.signal)) === null ? true : null), {
    ...options,
    what: `server ${id} to be gone`,
  });
}

export async function serverAction(
  session: OpenStackSession,
  id: string,
  action: 'os-start' | 'os-stop',
  signal: AbortSignal,
): Promise<void> {
  await session.call('compute', {
    method: 'POST',
    path: `/servers/${id}/action`,
    json: { [action]: null },
    signal,
  });
}

/**
 * Keeps everybody but administrators from changing the server (Compute API, "Lock Server"). Locking what is locked
 * is accepted. @param reason at most 255 characters; kept where the cloud speaks 2.73
 */
export async function lockServer(
  session: OpenStackSession,
  id: string,
  reason: string,
  signal: AbortSignal,
): Promise<void> {
  const version = (await session.microversion('compute', signal)) ?? '2.1';
  const lock = compareVersions(version, '2.73') >= 0 ? { locked_reason: reason.slice(0, 255) } : null;
  const path = `/servers/${id}/action`;
  await session.call('compute', { method: 'POST', path, json: { lock }, signal });
}

/** Whoever locked it, or an administrator, may. What is not locked stays so. */
export async function unlockServer(
  session: OpenStackSession,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const path = `/servers/${id}/action`;
  await session.call('compute', { method: 'POST', path, json: { unlock: null }, signal });
}

/** The last lines of the console; null when there is none now. */
export async function consoleOutput(
  session: OpenStackSession,
  id: string,
  lines: number,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const json = { 'os-getConsoleOutput': { length: lines } };
    const answer = await session.call('compute', {
      method: 'POST',
      path: `/servers/${id}/action`,
      json,
      signal,
    });
    return (answer as { output: string | null }).output;
  } catch (error) {
    // Off, being built, or a hypervisor without one.
    if (isStatus(error, 404, 409, 501)) return null;
    throw error;
  }
}

export interface ComputeLimits {
  readonly instances: number | null;
  readonly cores: number | null;
  /** MiB. */
  readonly ram: number | null;
}

/** What is left of the project's quota; null: unlimited. */
export async function computeLimits(session: OpenStackSession, signal: AbortSignal): Promise<ComputeLimits> {
  const answer = (await session.call('compute', { path: '/limits', signal })) as {
    limits: { absolute: Readonly<Record<string, number>> };
  };
  const { absolute } = answer.limits;
  const left = (max: string, used: string): number | null => {
    const limit = absolute[max] ?? -1;
    return limit < 0 ? null : Math.max(0, limit - (absolute[used] ?? 0));
  };
  return {
    instances: left('maxTotalInstances', 'totalInstancesUsed'),
    cores: left('maxTotalCores', 'totalCoresUsed'),
    ram: left('maxTotalRAMSize', 'totalRAMUsed'),
  };
}

async function deleted(session: OpenStackSession, path: string, signal: AbortSignal): Promise<boolean> {
  try {
    await session.call('compute', { method: 'DELETE', path, signal });
    return true;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw error;
  }
}
