import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';

/** Of the administrator in clouds.yaml. */
interface Login {
  readonly auth_url: string;
  readonly username: string;
  readonly password: string;
  readonly user_domain_name: string;
}

export interface Prepared {
  /** Id of the project that everything lies in. */
  readonly project: string;
  /** Scoped to it, with the roles of an administrator. */
  readonly token: string;
  readonly identity: string;
  /** Endpoints, versions included. */
  readonly compute: string;
  readonly volume: string;
  readonly servers: readonly string[];
  readonly volumes: readonly string[];
  remove(): Promise<void>;
}

type Json = Readonly<Record<string, unknown>>;
interface Catalog {
  readonly token: {
    readonly user: { readonly id: string };
    readonly project: { readonly id: string };
    readonly catalog: readonly {
      readonly type: string;
      readonly endpoints: readonly { readonly interface: string; readonly url: string }[];
    }[];
  };
}

/** So many servers and volumes at once are asked for. */
const BATCH = 20;
const WAIT_SECONDS = 300;

/**
 * A project in a real OpenStack with `count` servers and `count` volumes. No scheduler finds room for them, so that
 * they cost no guest and no disk; their APIs list and show them as any. Nova's answers even get shorter by it.
 */
export async function prepareCloud(file: string, cloud: string, count: number): Promise<Prepared> {
  const { clouds } = parse(await readFile(file, 'utf8')) as { clouds: Record<string, { auth: Login }> };
  const login = clouds[cloud]?.auth;
  if (!login) throw new Error(`${file} has no cloud ${cloud}`);
  const identity = login.auth_url.replace(/\/$/, '');
  const admin = await logIn(identity, login, { name: 'admin', domain: { name: 'Default' } });
  const call = <T>(token: string, method: string, url: string, body?: Json, version?: string): Promise<T> =>
    send<T>(token, method, url, body, version);

  const name = `guts-bench-${process.pid}`;
  const { project } = await call<{ project: { id: string } }>(admin.token, 'POST', `${identity}/projects`, {
    project: { name, domain_id: 'default' },
  });
  const undo: (() => Promise<unknown>)[] = [
    () => call(admin.token, 'DELETE', `${identity}/projects/${project.id}`),
  ];
  const remove = async (): Promise<void> => {
    for (const one of undo.toReversed()) await one();
  };
  try {
    const { roles } = await call<{ roles: { id: string; name: string }[] }>(
      admin.token,
      'GET',
      `${identity}/roles`,
    );
    for (const { id, name: role } of roles)
      if (role === 'admin' || role === 'member')
        await call(admin.token, 'PUT', `${identity}/projects/${project.id}/users/${admin.user}/roles/${id}`);
    const { token, endpoint } = await logIn(identity, login, { id: project.id });
    const compute = endpoint('compute');
    const volume = endpoint('volumev3', 'block-storage', 'volume');
    await call(token, 'PUT', `${compute}/os-quota-sets/${project.id}`, {
      quota_set: { instances: -1, cores: -1, ram: -1 },
    });
    await call(token, 'PUT', `${volume}/os-quota-sets/${project.id}`, {
      quota_set: { volumes: -1, gigabytes: -1 },
    });

    const { flavor } = await call<{ flavor: { id: string } }>(token, 'POST', `${compute}/flavors`, {
      flavor: { name, vcpus: 1, ram: 2 ** 30, disk: 1 },
    });
    undo.push(() => call(token, 'DELETE', `${compute}/flavors/${flavor.id}`));
    const images = `${endpoint('image')}/v2/images`;
    const image = await call<{ id: string }>(token, 'POST', images, {
      name,
      disk_format: 'raw',
      container_format: 'bare',
    });
    undo.push(() => call(token, 'DELETE', `${images}/${image.id}`));
    await upload(token, `${images}/${image.id}/file`);
    undo.push(() => emptied(token, `${compute}/servers`, 'servers'));
    for (let made = 0; made < count; made += BATCH)
      await call(
        token,
        'POST',
        `${compute}/servers`,
        {
          server: {
            name: `${name}-${made}`,
            flavorRef: flavor.id,
            imageRef: image.id,
            networks: 'none',
            min_count: Math.min(BATCH, count - made),
            max_count: Math.min(BATCH, count - made),
          },
        },
        '2.37',
      );

    const { volume_type: type } = await call<{ volume_type: { id: string } }>(
      token,
      'POST',
      `${volume}/types`,
      {
        volume_type: { name, extra_specs: { volume_backend_name: 'nowhere' } },
      },
    );
    undo.push(() => call(token, 'DELETE', `${volume}/types/${type.id}`));
    undo.push(() => emptied(token, `${volume}/volumes`, 'volumes'));
    for (let made = 0; made < count; made += 1)
      await call(token, 'POST', `${volume}/volumes`, {
        volume: { name: `${name}-${made}`, size: 1, volume_type: name, metadata: { bench: 'yes' } },
      });
    return {
      project: project.id,
      token,
      identity,
      compute,
      volume,
      servers: await settled(token, `${compute}/servers`, 'servers', count),
      volumes: await settled(token, `${volume}/volumes`, 'volumes', count),
      remove,
    };
  } catch (error) {
    await remove().catch((also: unknown) => console.error('not all of it could be removed:', also));
    throw error;
  }
}

async function logIn(identity: string, login: Login, project: Json) {
  const { username: name, password, user_domain_name } = login;
  const user = { name, password, domain: { name: user_domain_name } };
  const auth = { identity: { methods: ['password'], password: { user } }, scope: { project } };
  const answer = await fetch(`${identity}/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth }),
  });
  if (!answer.ok) throw new Error(`Keystone answers ${answer.status}: ${await answer.text()}`);
  const token = answer.headers.get('x-subject-token') ?? '';
  const { token: told } = (await answer.json()) as Catalog;
  const endpoint = (...types: string[]): string => {
    const service = told.catalog.find((one) => types.includes(one.type));
    const url = service?.endpoints.find((one) => one.interface === 'public')?.url;
    if (url === undefined) throw new Error(`the catalog has no ${types.join(' or ')}`);
    return url;
  };
  return { token, user: told.user.id, endpoint };
}

/** @throws Error with what the service says */
async function send<T>(
  token: string,
  method: string,
  url: string,
  body?: Json,
  version?: string,
): Promise<T> {
  const answer = await fetch(url, {
    method,
    headers: {
      'x-auth-token': token,
      'content-type': 'application/json',
      ...(version === undefined ? {} : { 'openstack-api-version': `compute ${version}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status}: ${text}`);
  return (text === '' ? {} : JSON.parse(text)) as T;
}

/** A little of nothing: no server ever gets so far as to boot it. */
async function upload(token: string, url: string): Promise<void> {
  const headers = { 'x-auth-token': token, 'content-type': 'application/octet-stream' };
  const answer = await fetch(url, { method: 'PUT', headers, body: new Uint8Array(2 ** 20) });
  if (!answer.ok) throw new Error(`PUT ${url}: ${answer.status}: ${await answer.text()}`);
}

interface Thing {
  readonly id: string;
  readonly status: string;
}

async function things(token: string, url: string, key: string): Promise<readonly Thing[]> {
  return (await send<Record<string, Thing[]>>(token, 'GET', `${url}/detail?limit=1000`))[key] ?? [];
}

/** Waits until all have found no room. */
async function settled(token: string, url: string, key: string, count: number): Promise<readonly string[]> {
  for (let second = 0; second < WAIT_SECONDS; second += 1) {
    const all = await things(token, url, key);
    if (all.length === count && all.every((one) => one.status.toLowerCase() === 'error'))
      return all.map((one) => one.id);
    await sleep(1000);
  }
  throw new Error(`after ${WAIT_SECONDS} seconds not all ${key} are settled`);
}

async function emptied(token: string, url: string, key: string): Promise<void> {
  for (const one of await things(token, url, key)) await send(token, 'DELETE', `${url}/${one.id}`);
  for (let second = 0; second < WAIT_SECONDS; second += 1) {
    if ((await things(token, url, key)).length === 0) return;
    await sleep(1000);
  }
  throw new Error(`after ${WAIT_SECONDS} seconds ${key} are left`);
}
