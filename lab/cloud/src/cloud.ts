/** Starts the fake OpenStack. */
import { randomBytes, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import type { Server as ComputeServer } from './compute/state.ts';
import { computeService } from './compute/routes.ts';
import { type FaultList, Faults } from './http/faults.ts';
import { createListener } from './http/listener.ts';
import { identityService } from './identity/routes.ts';
import { imageService } from './image/routes.ts';
import type { Image } from './image/state.ts';
import { addNetwork } from './network/networks.ts';
import { networkService } from './network/routes.ts';
import type { Port } from './network/state.ts';
import {
  type CloudOptions,
  DEFAULT_FLAVORS,
  DEFAULT_NETWORKS,
  DEFAULT_USERS,
  type Quotas,
} from './options.ts';
import { type CloudState, stateOf } from './state.ts';
import { Timers } from './timers.ts';
import { volumeService } from './volume/routes.ts';
import type { Volume } from './volume/state.ts';
import { createWorld, type World } from './world.ts';

export interface CloudUser {
  readonly name: string;
  readonly password: string;
  readonly project: string;
}
export interface Cloud {
  readonly url: string;
  /** Keystone's address. */
  readonly authUrl: string;
  readonly users: readonly CloudUser[];
  readonly faults: FaultList;
  readonly images: ReadonlyMap<string, Image>;
  readonly volumes: ReadonlyMap<string, Volume>;
  readonly servers: ReadonlyMap<string, ComputeServer>;
  readonly ports: ReadonlyMap<string, Port>;
  /** Files with the bytes. */
  readonly imagePath: (id: string) => string;
  readonly volumePath: (id: string) => string;
  readonly rootDiskPath: (serverId: string) => string;
  /** Everything that a client can leave behind: the administrator's view. */
  state(): CloudState;
  setQuotas(project: string, quotas: Partial<Quotas>): void;
  /** Ends every token now. */
  revokeTokens(): void;
  /** Writes a clouds.yaml with one cloud per user: `fake` for the first, `fake-<user>` for the others. */
  writeCloudsYaml(path: string): Promise<void>;
  close(): Promise<void>;
}

function seed(world: World, options: CloudOptions): CloudUser[] {
  for (const flavor of options.flavors ?? DEFAULT_FLAVORS) {
    const id = randomUUID();
    world.compute.flavors.set(id, { id, ...flavor, isPublic: true, description: null, extraSpecs: {} });
  }
  for (const name of options.volumeTypes ?? ['nfs', 'slow']) {
    const id = randomUUID();
    world.volumes.types.set(id, { id, name, description: null, isPublic: true, extraSpecs: {} });
  }
  const users = (options.users ?? DEFAULT_USERS).map((one) => {
    const password = one.password ?? randomBytes(9).toString('base64url');
    const project = world.identity.project(one.project);
    const user = world.identity.addUser(one.name, password, project);
    for (const role of one.roles)
      for (const place of [project, ...(one.alsoIn ?? []).map((name) => world.identity.project(name))])
        world.identity.assign(user, place, role);
    return { name: one.name, password, project: one.project };
  });
  for (const network of options.networks ?? DEFAULT_NETWORKS) addNetwork(world, network);
  return users;
}

export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const onBug =
    options.onBug ?? ((error: unknown): void => console.error('the fake OpenStack has a bug:', error));
  const timers = new Timers(onBug);
  const world = await createWorld(options, timers);
  const users = seed(world, options);
  const faults = new Faults();
  const server = createListener({
    services: [
      identityService(world),
      imageService(world),
      computeService(world),
      networkService(world),
      volumeService(world),
    ],
    faults,
    authenticate: (id) => world.identity.live(id),
    onBug,
    ...(options.tls ? { tls: options.tls } : {}),
  });
  const host = options.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const url = `${options.tls ? 'https' : 'http'}://${host}:${(server.address() as AddressInfo).port}`;
  const authUrl = `${url}/identity/v3`;
  return {
    url,
    authUrl,
    users,
    faults,
    images: world.images,
    volumes: world.volumes.volumes,
    servers: world.compute.servers,
    ports: world.network.ports,
    imagePath: world.imagePath,
    volumePath: world.volumePath,
    rootDiskPath: world.rootDiskPath,
    state: () => stateOf(world),
    setQuotas: (project, quotas) => world.setQuotas(world.identity.project(project).id, quotas),
    revokeTokens: () => void world.identity.revoke(),
    writeCloudsYaml: (path) => writeFile(path, cloudsYaml(authUrl, world.region, users), { mode: 0o600 }),
    close: async () => {
      await timers.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function cloudsYaml(authUrl: string, region: string, users: readonly CloudUser[]): string {
  const clouds = users.map((user, index) => {
    const name = index === 0 ? 'fake' : `fake-${user.name}`;
    const auth = {
      auth_url: authUrl,
      username: user.name,
      password: user.password,
      project_name: user.project,
      user_domain_name: 'Default',
      project_domain_name: 'Default',
    };
    return [name, { auth, region_name: region }] as const;
  });
  // JSON is YAML.
  return `${JSON.stringify({ clouds: Object.fromEntries(clouds) }, null, 2)}\n`;
}
