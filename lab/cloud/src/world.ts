/** Everything the cloud knows: the state that its services share. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Image } from './image/state.ts';
import type { ComputeState } from './compute/state.ts';
import { IdentityState, type Token } from './identity/state.ts';
import { NetworkState } from './network/state.ts';
import {
  DEFAULT_DELAYS,
  DEFAULT_QUOTAS,
  type CloudOptions,
  type Delays,
  type Quotas,
  type Zones,
} from './options.ts';
import type { Timers } from './timers.ts';
import type { VolumeState } from './volume/state.ts';

export interface World {
  readonly region: string;
  readonly stateDir: string;
  readonly delays: Delays;
  readonly zones: Zones;
  /** What attachments say instead of the truth. */
  readonly connectionInfo: Readonly<Record<string, unknown>>;
  /** Algorithm of `os_hash_value`; null: there is none. */
  readonly imageHash: string | null;
  readonly timers: Timers;
  readonly identity: IdentityState;
  readonly images: Map<string, Image>;
  readonly network: NetworkState;
  readonly volumes: VolumeState;
  readonly compute: ComputeState;
  /** Limits of a project, with what an administrator changed for it. */
  quotas(projectId: string): Quotas;
  setQuotas(projectId: string, changes: Partial<Quotas> | undefined): void;
  /** Files of the bytes. */
  readonly imagePath: (id: string) => string;
  readonly volumePath: (id: string) => string;
  readonly rootDiskPath: (serverId: string) => string;
  /** Where a host that is no server reaches a volume, as long as it is attached. */
  readonly attachmentPath: (attachmentId: string, volumeId: string) => string;
  readonly exportDir: string;
  /** Where volumes of servers appear as devices; null: nowhere. */
  readonly deviceDir: string | null;
  readonly mountBase: string;
}

export async function createWorld(options: CloudOptions, timers: Timers): Promise<World> {
  const stateDir = resolve(options.stateDir);
  const exportDir = join(stateDir, 'nfs-export');
  const mountBase = join(stateDir, 'mnt');
  for (const folder of ['images', 'nfs-export', 'mnt', 'instances'])
    await mkdir(join(stateDir, folder), { recursive: true });
  const base: Quotas = { ...DEFAULT_QUOTAS, ...options.quotas };
  const changed = new Map<string, Partial<Quotas>>();
  return {
    region: options.region ?? 'RegionOne',
    stateDir,
    exportDir,
    deviceDir: options.deviceDir ?? null,
    mountBase,
    delays: { ...DEFAULT_DELAYS, ...options.delays },
    zones: { compute: ['nova'], volume: ['nova'], ...options.zones },
    connectionInfo: options.connectionInfo ?? {},
    imageHash: options.imageHash === undefined ? 'sha512' : options.imageHash,
    timers,
    identity: new IdentityState(options.tokenLifetimeSeconds ?? 3600),
    images: new Map(),
    network: new NetworkState(),
    volumes: {
      volumes: new Map(),
      types: new Map(),
      attachments: new Map(),
      transfers: new Map(),
    },
    compute: { flavors: new Map(), servers: new Map() },
    quotas: (projectId) => ({ ...base, ...changed.get(projectId) }),
    setQuotas: (projectId, changes) => {
      if (changes) changed.set(projectId, { ...changed.get(projectId), ...changes });
      else changed.delete(projectId);
    },
    imagePath: (id) => join(stateDir, 'images', id),
    volumePath: (id) => join(exportDir, `volume-${id}`),
    attachmentPath: (attachmentId, volumeId) => join(exportDir, 'hosts', attachmentId, `volume-${volumeId}`),
    rootDiskPath: (serverId) => join(stateDir, 'instances', serverId),
  };
}

/** The project a request acts in; the services of projects refuse an unscoped token. */
export function projectOf(token: Token): string {
  return token.project?.id ?? '';
}

/** Time as Nova and Glance write it. */
export const isoTime = (milliseconds: number): string =>
  `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;

/** Time as Cinder and Keystone write it. */
export const microTime = (milliseconds: number): string =>
  `${new Date(milliseconds).toISOString().slice(0, 23)}000`;
