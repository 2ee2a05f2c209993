import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiCallError, ApiClient, type Migration, routes } from '@guts/contract';
import { type Cloud, startCloud } from '@guts/lab-cloud';
import { startVCenter, type VCenter } from '@guts/lab-vcenter';
import { Daemon, type DaemonKind } from './daemon.ts';

/** Seconds. Short, so that a run does not wait long for a take-over; long enough for a busy machine. */
export const LEASE_SECONDS = 3;
const START_SECONDS = 60;

export interface Backend {
  /** What every daemon of the lane is told of its database and bus. */
  readonly env: NodeJS.ProcessEnv;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((done) => server.close(() => done()));
  return port;
}

/**
 * One stack in which runs follow each other: a fake vCenter and a fake cloud of its own, a database, and an api, a
 * scheduler and a surviving worker that live through all runs. A run adds its victim.
 */
export class Lane {
  readonly folder: string;
  readonly vcenter: VCenter;
  readonly cloud: Cloud;
  readonly #env: NodeJS.ProcessEnv;
  readonly #daemons = new Set<Daemon>();
  #port = 0;
  #token = '';
  #names = 0;
  api!: Daemon;
  scheduler!: Daemon;
  survivor!: Daemon;
  survivorId = '';

  private constructor(folder: string, vcenter: VCenter, cloud: Cloud, env: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.vcenter = vcenter;
    this.cloud = cloud;
    this.#env = env;
  }

  static async open(folder: string, backend: Backend): Promise<Lane> {
    await mkdir(folder, { recursive: true });
    const vcenter = await startVCenter({
      stateDir: join(folder, 'vcenter'),
      taskMs: 20,
      shutdownMs: 20,
      leaseTimeoutSeconds: 4,
      leaseReadyMs: 20,
      compressionLevel: 1,
    });
    const cloud = await startCloud({
      stateDir: join(folder, 'cloud'),
      quotas: { instances: -1, cores: -1, ram: -1, ports: -1, volumes: -1, gigabytes: -1 },
    });
    const lane = new Lane(folder, vcenter, cloud, {
      GUTS_STATE_DIR: join(folder, 'state'),
      GUTS_POLL_MILLISECONDS: '150',
      GUTS_LEASE_SECONDS: String(LEASE_SECONDS),
      GUTS_ALIVE_SECONDS: '4',
      GUTS_RESERVATION_SECONDS: '3',
      GUTS_CHECKPOINT_MIB: '1',
      GUTS_STOP_SECONDS: '10',
      ...backend.env,
    });
    await lane.#start();
    return lane;
  }

  /** Starts a daemon. @param more environment, such as the point at which it dies */
  start(kind: DaemonKind, name: string, more: NodeJS.ProcessEnv = {}): Daemon {
    const daemon = new Daemon(kind, name, this.folder, { ...this.#env, GUTS_HOST: name, ...more });
    this.#daemons.add(daemon);
    void daemon.ended.then(() => this.#daemons.delete(daemon));
    return daemon;
  }

  /** An api on a port of its own, up and answering. */
  async startApi(name: string, more: NodeJS.ProcessEnv = {}): Promise<{ daemon: Daemon; client: ApiClient }> {
    const port = await freePort();
    const daemon = this.start('api', name, { GUTS_LISTEN_PORT: String(port), ...more });
    const client = await this.#answering(port, daemon);
    return { daemon, client };
  }

  get client(): ApiClient {
    return this.clientAt(this.#port);
  }

  clientAt(port: number): ApiClient {
    const headers = { 'x-auth-token': this.#token };
    return new ApiClient({ fetch, baseUrl: `http://127.0.0.1:${port}`, headers });
  }

  /** For a machine that no run had before; no name begins another. */
  newMachine(): { readonly name: string; readonly mac: string } {
    this.#names += 1;
    const hex = this.#names.toString(16).padStart(4, '0');
    return { name: `kill-${hex}`, mac: `00:50:56:00:${hex.slice(0, 2)}:${hex.slice(2)}` };
  }

  /** Waits until the service of that host is there and alive. */
  async service(host: string, binary: string): Promise<string> {
    return this.until(`${binary} ${host} reports`, async () => {
      const { services } = await this.client.call(routes.services.list);
      return services.find((one) => one.host === host && one.binary === binary && one.alive)?.id;
    });
  }

  startScheduler(): void {
    this.scheduler = this.start('scheduler', 'scheduler');
  }

  /** Whether the surviving worker gets work. */
  async useSurvivor(use: boolean): Promise<void> {
    const body = { disabled: !use, reason: use ? null : 'its turn comes after the victim' };
    await this.client.call(routes.services.update, {
      params: { id: this.survivorId },
      body: body as { disabled: boolean; reason: string },
    });
  }

  async migration(id: string): Promise<Migration> {
    return (await this.client.call(routes.migrations.show, { params: { id } })).migration;
  }

  /** Waits for something. @throws Error that names it */
  async until<T>(what: string, look: () => Promise<T | undefined | false>, seconds = 90): Promise<T> {
    const deadline = performance.now() + seconds * 1000;
    let last: unknown;
    while (performance.now() < deadline) {
      try {
        const found = await look();
        if (found !== undefined && found !== false) return found;
      } catch (error) {
        if (!(error instanceof ApiCallError)) throw error;
        last = error; // the api may be the one that was killed
      }
      await sleep(60);
    }
    const why = last instanceof Error ? ` (last answer: ${last.message})` : '';
    throw new Error(`after ${seconds} seconds, not seen: ${what}${why}`);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#daemons].map((daemon) => daemon.kill()));
    await this.vcenter.close();
    await this.cloud.close();
  }

  async #start(): Promise<void> {
    const { daemon, client } = await this.#firstApi();
    this.api = daemon;
    this.startScheduler();
    this.survivor = this.start('migration', 'survivor');
    await this.#connect(client);
    this.survivorId = await this.service('survivor', 'guts-migration');
    await this.service('scheduler', 'guts-scheduler');
  }

  async #firstApi(): Promise<{ daemon: Daemon; client: ApiClient }> {
    this.#port = await freePort();
    return this.restartApi();
  }

  /** The lane's own api, on its port. */
  async restartApi(): Promise<{ daemon: Daemon; client: ApiClient }> {
    const daemon = this.start('api', 'api', { GUTS_LISTEN_PORT: String(this.#port) });
    this.api = daemon;
    return { daemon, client: await this.#answering(this.#port, daemon) };
  }

  async #answering(port: number, daemon: Daemon): Promise<ApiClient> {
    return this.until(
      'the api answers',
      async () => {
        if (!daemon.alive) throw new Error(`guts api ended at once: see ${this.folder}`);
        const token = await readFile(join(this.folder, 'state', 'token'), 'utf8').catch(() => '');
        if (token === '') return undefined;
        this.#token = token.trim();
        const client = this.clientAt(port);
        await client.call(routes.services.list);
        return client;
      },
      START_SECONDS,
    );
  }

  async #connect(client: ApiClient): Promise<void> {
    const { vcenter, cloud } = this;
    const settings = {
      url: vcenter.url,
      username: vcenter.username,
      fingerprint: vcenter.fingerprintSha256,
    };
    const secret = { password: vcenter.password };
    await client.call(routes.sources.create, {
      body: { name: 'vcenter', driver: 'vsphere', settings, secret },
    });
    const [, user] = cloud.users;
    if (!user) throw new Error('the fake cloud has no second user');
    await client.call(routes.destinations.create, {
      body: {
        name: 'cloud',
        driver: 'openstack',
        settings: {
          auth_url: cloud.authUrl,
          username: user.name,
          project_name: user.project,
          user_domain_id: 'default',
          project_domain_id: 'default',
          volume_access: 'device',
        },
        secret: { password: user.password },
      },
    });
    await writeFile(join(this.folder, 'ready'), 'ready\n');
  }
}
