import { isStatus } from '../errors.ts';
import { collect, listAll } from '../paging.ts';
import { compareVersions } from '../microversion.ts';
import type { OpenStackSession } from '../session.ts';

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
  readonly fault?: { readonly message: string; readonly code: number };
  readonly 'OS-EXT-STS:task_state'?: string | null;
}
export type BlockDevice = Readonly<Record<string, string | number | boolean>>;

/** Compute API v2.1. */
export function listFlavors(session: OpenStackSession, signal: AbortSignal): Promise<ComputeFlavor[]> {
  return collect(listAll<ComputeFlavor>(session, 'compute', '/flavors/detail', 'flavors', {}, signal));
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
  return collect(listAll<Server>(session, 'compute', '/servers/detail', 'servers', filter, signal));
}

export function deleteServer(session: OpenStackSession, id: string, signal: AbortSignal): Promise<boolean> {
  return deleted(session, `/servers/${id}`, signal);
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
