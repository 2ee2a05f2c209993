import { type ChildProcess, spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cloud, startCloud } from '@guts/lab-cloud';
import { type MachineSpec, startVCenter, type VCenter } from '@guts/lab-vcenter';
import { inject } from 'vitest';

const MIB = 2 ** 20;
const START_SECONDS = 60;
/** Whatever a person or a program may call a machine. */
export const HTML_NAME = '<img src=x onerror="document.title=\'broken\'"> & "co"';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** A disk that the fake cloud boots, with random data behind. */
async function guestDisk(path: string, id: string, dataMiB: number): Promise<void> {
  const file = await open(path, 'w');
  await file.truncate(2 * dataMiB * MIB);
  const front = Buffer.alloc(64 * 1024);
  front.writeUInt16LE(0xaa55, 510);
  front.write(`\nGUTS-FAKE-GUEST id=${id}\n`, 4096);
  await file.write(front, 0, front.length, 0);
  const piece = Buffer.alloc(MIB);
  for (let at = 1; at <= dataMiB; at += 1) await file.write(randomFillSync(piece), 0, MIB, at * MIB);
  await file.close();
}

function machine(name: string, files: readonly string[], at: number): MachineSpec {
  return {
    name,
    cpus: 1,
    memoryMiB: 192,
    guestId: 'debian12_64Guest',
    guestFullName: 'Debian GNU/Linux 12 (64-bit)',
    powerState: 'poweredOn',
    toolsRunning: true,
    folder: ['Production'],
    disks: files.map((file) => ({ sizeBytes: 0, source: { file }, controller: 'pvscsi', thin: true })),
    nics: [{ mac: `00:50:56:00:03:0${at}`, network: 'VM Network', ip: `192.168.77.3${at}` }],
  };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Both fakes, and `guts all` between them as a process of its own. */
export class World {
  readonly vcenter: VCenter;
  readonly cloud: Cloud;
  readonly url: string;
  readonly #folder: string;
  readonly #port: number;
  readonly #publicUrl: string | null;
  #child: ChildProcess | null = null;
  #log = '';

  private constructor(
    folder: string,
    vcenter: VCenter,
    cloud: Cloud,
    { port, publicUrl }: { readonly port: number; readonly publicUrl: string | null },
  ) {
    this.#folder = folder;
    this.vcenter = vcenter;
    this.cloud = cloud;
    this.#port = port;
    this.#publicUrl = publicUrl;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** @param more machines without disks beside those three; where browsers reach guts-api when it is by a proxy */
  static async open(
    more: { readonly extraMachines?: number; readonly publicUrl?: string } = {},
  ): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'guts-dashboard-'));
    const [web, db, data] = ['web', 'db', 'data'].map((name) => join(folder, `${name}.raw`)) as [
      string,
      string,
      string,
    ];
    await guestDisk(web, 'web', 4);
    await guestDisk(db, 'db', 4);
    await guestDisk(data, 'data', 16);
    const sized = (spec: MachineSpec, sizes: readonly number[]): MachineSpec => ({
      ...spec,
      disks: (spec.disks ?? []).map((disk, at) => ({ ...disk, sizeBytes: (sizes[at] ?? 0) * MIB })),
    });
    const vcenter = await startVCenter({
      stateDir: join(folder, 'vcenter'),
      taskMs: 5,
      shutdownMs: 20,
      machines: [
        sized(machine('web-01', [web], 1), [8]),
        sized(machine('db-01', [db, data], 2), [8, 32]),
        sized(machine(HTML_NAME, [web], 3), [8]),
      ],
      extraMachines: more.extraMachines ?? 0,
    });
    const cloud = await startCloud({ stateDir: join(folder, 'cloud') });
    const world = new World(folder, vcenter, cloud, {
      port: await freePort(),
      publicUrl: more.publicUrl ?? null,
    });
    await world.start();
    return world;
  }

  get #env(): NodeJS.ProcessEnv {
    return {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      GUTS_STATE_DIR: join(this.#folder, 'guts'),
      GUTS_VOLUME_ROOTS: join(this.#folder, 'cloud'),
      GUTS_LISTEN_PORT: String(this.#port),
      GUTS_POLL_MILLISECONDS: '200',
      ...(this.#publicUrl === null ? {} : { GUTS_PUBLIC_URL: this.#publicUrl }),
    };
  }

  /** Starts `guts all`, and waits until it answers. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [inject('guts'), 'all'], {
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on(
        'data',
        (chunk: Buffer) => (this.#log = `${this.#log}${chunk.toString('utf8')}`.slice(-20_000)),
      );
    for (let tries = 0; tries < START_SECONDS * 10 && child.exitCode === null; tries += 1) {
      if ((await fetch(`${this.url}/healthcheck`).catch(() => null))?.ok === true) return;
      await sleep(100);
    }
    throw new Error(`guts all does not answer: ${this.#log}`);
  }

  /** Stops `guts all`, as a person or a power cut does. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill(signal);
    await gone;
  }

  /** What `guts dashboard` prints: a link that signs in once. */
  async link(): Promise<string> {
    const child = spawn(process.execPath, [inject('guts'), 'dashboard'], {
      env: { ...this.#env, GUTS_API: this.url },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
    await new Promise((done) => child.once('close', done));
    const [link] = /http:\/\/\S+/.exec(out) ?? [];
    if (link === undefined) throw new Error(`guts dashboard prints no link: ${out}`);
    return link;
  }

  /** A call as the administrator of this host. */
  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const token = (await readFile(join(this.#folder, 'guts/token'), 'utf8')).trim();
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        'x-auth-token': token,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
  }

  /** Adds both ends and reads the inventory, as the screens do, but faster. */
  async connect(): Promise<void> {
    const { vcenter, cloud } = this;
    const user = cloud.users[1];
    if (!user) throw new Error('the fake cloud has no second user');
    await this.#add('source', {
      name: 'vcenter',
      driver: 'vsphere',
      settings: { url: vcenter.url, username: vcenter.username, fingerprint: vcenter.fingerprintSha256 },
      secret: { password: vcenter.password },
    });
    await this.#add('destination', {
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
    });
  }

  async #add(side: 'source' | 'destination', body: unknown): Promise<void> {
    const made = await this.call('POST', `/v1/${side}s`, body);
    const { id } = (made.body as Record<string, { id: string }>)[side] ?? { id: '' };
    for (const action of ['validate', 'refresh']) await this.#operate(side, id, action);
  }

  async #operate(side: 'source' | 'destination', id: string, action: string): Promise<void> {
    const started = await this.call('POST', `/v1/${side}s/${id}/actions`, { action });
    const { operation } = started.body as { operation: { id: string } };
    for (;;) {
      const { body: now } = await this.call('GET', `/v1/operations/${operation.id}`);
      const { status, error } = (now as { operation: { status: string; error: unknown } }).operation;
      if (status === 'done') return;
      if (status === 'failed') throw new Error(`${action} of the ${side} failed: ${JSON.stringify(error)}`);
      await sleep(50);
    }
  }

  /** Gives a network of the cloud another subnet, as who is its user does, and reads the destination anew. */
  async addSubnet(
    networkName: string,
    subnet: { readonly name: string; readonly cidr: string },
  ): Promise<void> {
    const user = this.cloud.users[1];
    const domain = { id: 'default' };
    const login = await fetch(`${this.cloud.authUrl}/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        auth: {
          identity: {
            methods: ['password'],
            password: { user: { name: user?.name, domain, password: user?.password } },
          },
          scope: { project: { name: user?.project, domain } },
        },
      }),
    });
    const { token } = (await login.json()) as {
      token: { catalog: { type: string; endpoints: { interface: string; url: string }[] }[] };
    };
    const { endpoints = [] } = token.catalog.find(({ type }) => type === 'network') ?? {};
    const url = endpoints.find((one) => one.interface === 'public')?.url ?? '';
    const headers = {
      'x-auth-token': login.headers.get('x-subject-token') ?? '',
      'content-type': 'application/json',
    };
    const found = await fetch(`${url}/v2.0/networks?name=${networkName}`, { headers });
    const { networks } = (await found.json()) as { networks: { id: string }[] };
    const wanted = { ...subnet, network_id: networks[0]?.id, ip_version: 4 };
    const made = await fetch(`${url}/v2.0/subnets`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ subnet: wanted }),
    });
    if (made.status !== 201) throw new Error(`no subnet of ${networkName}: ${await made.text()}`);
    const { body } = await this.call('GET', '/v1/destinations?name=cloud');
    const [destination] = (body as { destinations: { id: string }[] }).destinations;
    await this.#operate('destination', destination?.id ?? '', 'refresh');
  }

  /** Moves a machine by the API; gives the id of its migration. */
  async migrate(name: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const search = new URLSearchParams({ source: 'vcenter', name });
    const { body } = await this.call('GET', `/v1/instances?${search}`);
    const [instance] = (body as { instances: { ref: string }[] }).instances;
    const { status, body: made } = await this.call('POST', '/v1/migrations', {
      source: 'vcenter',
      destination: 'cloud',
      instance: instance?.ref,
      mapping: { networks: { '*': { network: 'private' } } },
      ...more,
    });
    if (status !== 202) throw new Error(`no migration of ${name}: ${JSON.stringify(made)}`);
    return (made as { migration: { id: string } }).migration.id;
  }

  /** Waits until a migration has a status. */
  async until(id: string, wanted: string): Promise<void> {
    for (let tries = 0; tries < 600; tries += 1) {
      const { body } = await this.call('GET', `/v1/migrations/${id}`);
      if ((body as { migration: { status: string } }).migration.status === wanted) return;
      await sleep(100);
    }
    throw new Error(`migration ${id} does not become ${wanted}`);
  }

  /** What all copies together may move; null: no limit. Takes effect with the worker's next heartbeat. */
  async limit(bytesPerSecond: number | null): Promise<void> {
    const { body } = await this.call('GET', '/v1/services');
    const { services } = body as { services: { id: string; binary: string }[] };
    const worker = services.find(({ binary }) => binary === 'guts-migration');
    await this.call('PATCH', `/v1/services/${worker?.id}`, { bytes_per_second_limit: bytesPerSecond });
  }

  async close(): Promise<void> {
    await this.stop();
    await this.cloud.close();
    await this.vcenter.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
