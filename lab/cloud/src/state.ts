/** Everything in the fake that a client can leave behind, as an administrator of all projects would see it. */
import type { World } from './world.ts';

export interface CloudState {
  readonly servers: readonly {
    readonly id: string;
    readonly name: string;
    readonly project: string;
    readonly status: string;
    readonly taskState: string | null;
    readonly powerState: number;
    /** Why it is locked; '' for no reason, null when it is not locked. */
    readonly locked: string | null;
    readonly metadata: Readonly<Record<string, string>>;
    readonly tags: readonly string[];
    readonly volumes: readonly string[];
    readonly ports: readonly string[];
  }[];
  readonly volumes: readonly {
    readonly id: string;
    readonly name: string | null;
    readonly project: string;
    readonly status: string;
    /** GiB. */
    readonly size: number;
    readonly metadata: Readonly<Record<string, string>>;
  }[];
  readonly attachments: readonly {
    readonly id: string;
    readonly volume: string;
    readonly project: string;
    readonly server: string | null;
    readonly status: string;
    readonly host: string;
    readonly mountpoint: string;
  }[];
  readonly images: readonly {
    readonly id: string;
    readonly name: string | null;
    readonly project: string;
    readonly status: string;
    /** Bytes. */
    readonly size: number | null;
    readonly properties: Readonly<Record<string, string>>;
  }[];
  readonly ports: readonly {
    readonly id: string;
    readonly name: string;
    readonly project: string;
    readonly description: string;
    readonly mac: string;
    readonly device: string;
  }[];
  readonly flavors: readonly {
    readonly id: string;
    readonly name: string;
    readonly description: string | null;
  }[];
}

/** What there is now. Projects are ids. */
export function stateOf({ compute, volumes, images, network }: World): CloudState {
  return {
    servers: [...compute.servers.values()].map((one) => ({
      id: one.id,
      name: one.name,
      project: one.projectId,
      status: one.status,
      taskState: one.taskState,
      powerState: one.powerState,
      locked: one.lock ? (one.lock.reason ?? '') : null,
      metadata: one.metadata,
      tags: [...one.tags],
      volumes: one.volumes.map((volume) => volume.volumeId),
      ports: one.portIds,
    })),
    volumes: [...volumes.volumes.values()].map((one) => ({
      id: one.id,
      name: one.name,
      project: one.projectId,
      status: one.status,
      size: one.size,
      metadata: one.metadata,
    })),
    attachments: [...volumes.attachments.values()].map((one) => ({
      id: one.id,
      volume: one.volumeId,
      project: one.projectId,
      server: one.serverId,
      status: one.status,
      host: one.host,
      mountpoint: one.mountpoint,
    })),
    images: [...images.values()].map((one) => ({
      id: one.id,
      name: one.name,
      project: one.owner,
      status: one.status,
      size: one.size,
      properties: Object.fromEntries(one.properties),
    })),
    ports: [...network.ports.values()].map((one) => ({
      id: one.id,
      name: one.name,
      project: one.projectId,
      description: one.description,
      mac: one.macAddress,
      device: one.deviceId,
    })),
    flavors: [...compute.flavors.values()].map(({ id, name, description }) => ({ id, name, description })),
  };
}
