import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiCallError, ApiClient, routes } from '@guts/contract';
import { type Cloud, startCloud } from '@guts/lab-cloud';
import { startVCenter, type VCenter } from '@guts/lab-vcenter';
import { Daemon, type DaemonKind } from './daemon.ts';

const START_SECONDS = 60;

/** What somebody wrote about every machine before it is moved. */
export const NOTES = 'belongs to the shop';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((done) => server.close(() => done()));
  return port;
}

/** A fake vCenter and a fake cloud, and whatever daemons of GUTS are started between them. */
export class Stack {
  readonly folder: string;
  readonly vcenter: VCenter;
  readonly cloud: Cloud;
  readonly #env: NodeJS.ProcessEnv;
  readonly #daemons = new Set<Daemon>();
  #token = '';
  #names = 0;
  #closed = false;

  /** @param env what every daemon is told beside its state folder and host */
  private constructor(folder: string, vcenter: VCenter, cloud: Cloud, env: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.vcenter = vcenter;
    this.cloud = cloud;
    this.#env = {
      GUTS_STATE_DIR: join(folder, 'state'),
      // The fake cloud's export is mounted nowhere.
      GUTS_VOLUME_ROOTS: join(folder, 'cloud'),
      ...env,
    };
  }

  static async labs(folder: string): Promise<{ vcenter: VCenter; cloud: Cloud }> {
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
      networks: [{ name: 'private', cidr: '10.64.0.0/16', project: 'demo' }],
      quotas: { instances: -1, cores: -1, ram: -1, ports: -1, volumes: -1, gigabytes: -1 },
    });
    return { vcenter, cloud };
  }

  static async open(folder: string, env: NodeJS.ProcessEnv): Promise<Stack> {
    const { vcenter, cloud } = await Stack.labs(folder);
    return new Stack(folder, vcenter, cloud, env);
  }

  /** Starts a daemon. @param more environment, such as the point at which it dies */
  start(kind: DaemonKind, name: string, more: NodeJS.ProcessEnv = {}): Daemon {
    if (this.#closed) throw new Error('the stack is closed');
    const daemon = new Daemon(kind, name, this.folder, { ...this.#env, GUTS_HOST: name, ...more });
    this.#daemons.add(daemon);
    void daemon.ended.then(() => this.#daemons.delete(daemon));
    return daemon;
  }

  /** An api that is up and answers. @param port null: any free one */
  async startApi(
    name: string,
    port: number | null = null,
    more: NodeJS.ProcessEnv = {},
  ): Promise<{ daemon: Daemon; client: ApiClient; port: number }> {
    const started = await this.spawnApi(name, port, more);
    return { ...started, client: await this.answering(started.port, started.daemon) };
  }

  /** An api that may not answer yet. */
  async spawnApi(
    name: string,
    port: number | null = null,
    more: NodeJS.ProcessEnv = {},
  ): Promise<{ daemon: Daemon; port: number }> {
    const listen = port ?? (await freePort());
    return { daemon: this.start('api', name, { GUTS_LISTEN_PORT: String(listen), ...more }), port: listen };
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

  /** Waits for something. @throws Error that names it */
  async until<T>(what: string, look: () => Promise<T | undefined | false>, seconds = 240): Promise<T> {
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

  /** Reads the source's inventory anew. */
  async refresh(client: ApiClient): Promise<void> {
    const { sources } = await client.call(routes.sources.list, { query: { name: 'vcenter' } });
    const [source] = sources;
    if (!source) throw new Error('there is no source');
    const params = { id: source.id };
    const { operation } = await client.call(routes.sources.act, { params, body: { action: 'refresh' } });
    await this.until('the inventory is read', async () => {
      const { operation: now } = await client.call(routes.operations.show, { params: { id: operation.id } });
      if (now.status === 'failed') throw new Error(`refresh failed: ${JSON.stringify(now.error)}`);
      return now.status === 'done';
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#daemons].map((daemon) => daemon.kill()));
    await this.vcenter.close();
    await this.cloud.close();
  }

  /** Waits until it answers. @throws Error when it ended */
  async answering(port: number, daemon: Daemon): Promise<ApiClient> {
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

  /** Makes the source `vcenter` and the destination `cloud`. */
  async connect(client: ApiClient): Promise<void> {
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
