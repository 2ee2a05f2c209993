import { setTimeout as sleep } from 'node:timers/promises';
import { cloudEntry } from './lab.ts';

/** What a project may hold because of a migration: kind → id → what it is, in words. */
export type Holdings = Readonly<Record<Kind, ReadonlyMap<string, string>>>;
export const KINDS = ['servers', 'ports', 'images', 'volumes', 'snapshots', 'attachments'] as const;
export type Kind = (typeof KINDS)[number];

type Json = Record<string, unknown>;
interface Catalog {
  readonly type: string;
  readonly endpoints: readonly { readonly interface: string; readonly url: string }[];
}

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** The lab's OpenStack over plain REST: nothing of packages/openstack, so that no mistake is made twice. */
export class RealCloud {
  readonly projectId: string;
  readonly #token: string;
  readonly #endpoints: ReadonlyMap<string, string>;

  constructor(projectId: string, token: string, endpoints: ReadonlyMap<string, string>) {
    this.projectId = projectId;
    this.#token = token;
    this.#endpoints = endpoints;
  }

  /** Logs in as that cloud of the lab's clouds.yaml (password ones only). */
  static async open(name: string): Promise<RealCloud> {
    const { auth } = cloudEntry(name);
    const domain = { name: 'Default' };
    const user = { name: auth['username'], password: auth['password'], domain };
    const scope = { project: { name: auth['project_name'], domain } };
    const answer = await fetch(`${auth['auth_url']}/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        auth: { identity: { methods: ['password'], password: { user } }, scope },
      }),
    });
    if (answer.status !== 201) throw new Error(`login as ${name}: ${answer.status} ${await answer.text()}`);
    const { token } = (await answer.json()) as { token: { catalog: Catalog[]; project: { id: string } } };
    const endpoints = new Map<string, string>();
    for (const service of token.catalog) {
      const found = service.endpoints.find((one) => one.interface === 'public');
      if (found) endpoints.set(service.type, found.url.replace(/\/$/, ''));
    }
    return new RealCloud(token.project.id, answer.headers.get('x-subject-token') ?? '', endpoints);
  }

  async request(method: string, service: string, path: string, body?: unknown): Promise<Json | null> {
    const base = this.#endpoints.get(service);
    if (base === undefined) throw new Error(`the catalog has no ${service}`);
    const answer = await fetch(`${base}${path}`, {
      method,
      headers: {
        'x-auth-token': this.#token,
        'content-type': 'application/json',
        'openstack-api-version': service === 'compute' ? 'compute 2.79' : 'volume 3.60',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const got = await answer.text();
    if (answer.status === 404) return null;
    if (!answer.ok) throw new Error(`${method} ${service} ${path}: ${answer.status} ${got}`);
    return got === '' ? {} : (JSON.parse(got) as Json);
  }

  /** @throws Error when there is none */
  async show(service: string, path: string, key: string): Promise<Json> {
    const got = await this.request('GET', service, path);
    if (got === null) throw new Error(`${service} ${path}: not found`);
    return got[key] as Json;
  }

  async #list(service: string, path: string, key: string): Promise<Json[]> {
    return ((await this.request('GET', service, path))?.[key] ?? []) as Json[];
  }

  /** Of the network of that name. */
  async networkId(name: string): Promise<string> {
    return text((await this.#list('network', `/v2.0/networks?name=${name}`, 'networks'))[0]?.['id']);
  }

  /** Of the only subnet of the network of that name. */
  async cidrOf(network: string): Promise<string> {
    const filter = `network_id=${await this.networkId(network)}`;
    return text((await this.#list('network', `/v2.0/subnets?${filter}`, 'subnets'))[0]?.['cidr']);
  }

  server(id: string): Promise<Json> {
    return this.show('compute', `/servers/${id}`, 'server');
  }

  /** What the server wrote on its serial port. */
  async console(id: string): Promise<string> {
    const got = await this.request('POST', 'compute', `/servers/${id}/action`, { 'os-getConsoleOutput': {} });
    return text(got?.['output'] ?? '');
  }

  async flavors(): Promise<readonly string[]> {
    return (await this.#list('compute', '/flavors', 'flavors')).map((one) => text(one['name']));
  }

  /** Everything of the project that a migration could leave. Ports of DHCP are the network's own. */
  async holdings(): Promise<Holdings> {
    const project = this.projectId;
    const [servers, ports, images, volumes, snapshots, attachments] = await Promise.all([
      this.#list('compute', '/servers', 'servers'),
      this.#list('network', `/v2.0/ports?project_id=${project}`, 'ports'),
      this.#list('image', `/v2/images?owner=${project}&limit=500`, 'images'),
      this.#list('volumev3', '/volumes/detail', 'volumes'),
      this.#list('volumev3', '/snapshots', 'snapshots'),
      this.#list('volumev3', '/attachments', 'attachments'),
    ]);
    const named = (list: Json[]): Map<string, string> =>
      new Map(list.map((one) => [text(one['id']), `${text(one['name'] ?? '')} ${text(one['status'])}`]));
    return {
      servers: named(servers),
      ports: named(ports.filter((port) => !text(port['device_owner']).startsWith('network:'))),
      images: named(images),
      volumes: named(volumes),
      snapshots: named(snapshots),
      attachments: named(attachments),
    };
  }

  /** Deletes what is in `now` and not in `before`: servers first, then what they held. Waits until it is gone. */
  async removeNew(before: Holdings): Promise<void> {
    const order: readonly [Kind, string, string][] = [
      ['servers', 'compute', '/servers'],
      ['ports', 'network', '/v2.0/ports'],
      ['attachments', 'volumev3', '/attachments'],
      ['snapshots', 'volumev3', '/snapshots'],
      ['volumes', 'volumev3', '/volumes'],
      ['images', 'image', '/v2/images'],
    ];
    for (const [kind, service, path] of order) {
      const extra = newIn(await this.holdings(), before)[kind];
      for (const id of extra.keys()) await this.request('DELETE', service, `${path}/${id}`);
      await this.#waitGone(kind, [...extra.keys()]);
    }
  }

  async #waitGone(kind: Kind, ids: readonly string[]): Promise<void> {
    for (let tries = 0; tries < 120; tries += 1) {
      const now = (await this.holdings())[kind];
      if (!ids.some((id) => now.has(id))) return;
      await sleep(500);
    }
    throw new Error(`${kind} still there a minute after their deletion: ${ids.join(', ')}`);
  }
}

/** What `now` holds beside `before`. */
export function newIn(now: Holdings, before: Holdings): Holdings {
  const beside = (kind: Kind): Map<string, string> =>
    new Map([...now[kind]].filter(([id]) => !before[kind].has(id)));
  return {
    servers: beside('servers'),
    ports: beside('ports'),
    images: beside('images'),
    volumes: beside('volumes'),
    snapshots: beside('snapshots'),
    attachments: beside('attachments'),
  };
}

/** How many of each kind. */
export function counts(holdings: Holdings): Record<Kind, number> {
  const of = (kind: Kind): number => holdings[kind].size;
  return {
    servers: of('servers'),
    ports: of('ports'),
    images: of('images'),
    volumes: of('volumes'),
    snapshots: of('snapshots'),
    attachments: of('attachments'),
  };
}
