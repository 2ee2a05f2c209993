import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Keystone, openstack } from './keystone.ts';
import { CLOUDS_FILE, ROOT } from './lab.ts';
import { freePort } from './free-port.ts';

export const BINARY = join(ROOT, 'packages/app/bin/guts.js');

interface Options {
  /** Users with a password each, who get entries of their names in the clouds.yaml. */
  readonly users: readonly string[];
  readonly password: string;
  /** The users' project. */
  readonly project: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** `guts all` as it ships behind the lab's Keystone: registered by the real client, as docs/keystone.md says. */
export class KeystoneApi {
  readonly url: string;
  readonly folder: string;
  readonly cloudsFile: string;
  readonly #keystone: Keystone;
  readonly #env: Readonly<Record<string, string>>;
  #stop: () => Promise<void> = () => Promise.resolve();

  private constructor(keystone: Keystone, folder: string, port: number, env: Options['env'] = {}) {
    this.#keystone = keystone;
    this.folder = folder;
    this.cloudsFile = join(folder, 'clouds.yaml');
    this.url = `http://127.0.0.1:${port}`;
    this.#env = { ...env, GUTS_LISTEN_PORT: String(port) };
  }

  static async start(keystone: Keystone, { users, password, project, env }: Options): Promise<KeystoneApi> {
    const folder = mkdtempSync(join(tmpdir(), 'guts-keystone-'));
    const api = new KeystoneApi(keystone, folder, await freePort(), env);
    const service = await keystone.make('user', 'guts-test', { password });
    await keystone.grant(await keystone.idOf('project', 'service'), service, 'service');
    const cloud = (username: string, of: object): object => ({
      region_name: 'RegionOne',
      auth: { auth_url: keystone.url, username, password, user_domain_id: 'default', ...of },
    });
    const clouds = {
      ...Object.fromEntries(users.map((name) => [name, cloud(name, { project_id: project })])),
      'guts-test': cloud('guts-test', { project_name: 'service', project_domain_id: 'default' }),
    };
    const write = (more: object): void =>
      writeFileSync(api.cloudsFile, JSON.stringify({ clouds: { ...clouds, ...more } }), { mode: 0o600 });
    write({});
    // As the docs have it: the service user's own credential, the service and its endpoint.
    const made = await openstack(
      api.cloudsFile,
      'guts-test',
      'application credential create guts-api --role service -f json',
    );
    const { id, secret } = JSON.parse(made) as { id: string; secret: string };
    const auth = {
      auth_url: keystone.url,
      application_credential_id: id,
      application_credential_secret: secret,
    };
    write({ 'guts-api': { auth_type: 'v3applicationcredential', auth } });
    await api.#register();
    await api.up();
    return api;
  }

  async #register(): Promise<void> {
    await this.#keystone.dropServices('migration');
    await openstack(CLOUDS_FILE, 'lab', 'service create --name guts --description Migration migration');
    const address = `${this.url}/v1/%(project_id)s`;
    await openstack(CLOUDS_FILE, 'lab', `endpoint create --region RegionOne migration public ${address}`);
  }

  /** While the catalog has no such service. */
  async hidden(work: () => Promise<void>): Promise<void> {
    await this.#keystone.dropServices('migration');
    try {
      await work();
    } finally {
      await this.#register();
    }
  }

  /** Starts it, again too, and waits until it answers. */
  async up(): Promise<void> {
    const child = spawn(process.execPath, [BINARY, 'all'], {
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: this.folder,
        GUTS_STATE_DIR: this.folder,
        GUTS_AUTH: 'keystone',
        GUTS_KEYSTONE_CLOUD: 'guts-api',
        GUTS_KEYSTONE_CLOUDS_FILE: this.cloudsFile,
        ...this.#env,
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.#stop = async () => {
      child.kill('SIGTERM');
      await ended;
    };
    for (let waited = 0; waited < 600; waited += 1) {
      if (child.exitCode !== null) throw new Error(`guts ended with ${child.exitCode}`);
      const up = await fetch(`${this.url}/healthcheck`).then(
        ({ status }) => status === 200,
        () => false,
      );
      if (up) return;
      await sleep(100);
    }
    throw new Error('guts-api does not answer');
  }

  down(): Promise<void> {
    return this.#stop();
  }

  /** Stops it, and takes it out of the catalog. */
  async close(): Promise<void> {
    await this.#stop();
    await this.#keystone.dropServices('migration');
    rmSync(this.folder, { recursive: true });
  }
}
