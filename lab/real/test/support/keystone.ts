import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { cloudEntry, LAB_STATE, ROOT } from './lab.ts';

type Json = Record<string, unknown>;
const run = promisify(execFile);
const DOMAIN = { id: 'default' };

export interface Login {
  readonly user: string;
  readonly password: string;
  /** Its id; `system`: the whole system. */
  readonly scope: string;
}

/** The lab's Keystone over plain REST, as its administrator. */
export class Keystone {
  readonly url: string;
  readonly #token: string;
  /** What was made, newest last, to be removed. */
  readonly #made: string[] = [];

  private constructor(url: string, token: string) {
    this.url = url;
    this.#token = token;
  }

  static async open(): Promise<Keystone> {
    const { auth } = cloudEntry('lab');
    const url = auth['auth_url'] ?? '';
    const admin = { user: auth['username'] ?? '', password: auth['password'] ?? '', scope: 'system' };
    return new Keystone(url, await tokenOf(url, admin));
  }

  token(login: Login): Promise<string> {
    return tokenOf(this.url, login);
  }

  async request(
    method: string,
    path: string,
    body?: Json,
    headers: Record<string, string> = {},
  ): Promise<Json> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: { 'x-auth-token': this.#token, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? {} : (JSON.parse(text) as Json);
  }

  /** @returns the id */
  async make(kind: 'project' | 'user', name: string, more: Json = {}): Promise<string> {
    const listed = await this.request('GET', `/${kind}s?name=${name}&domain_id=default`);
    // A run that was cut off left it, or an earlier test.
    for (const one of listed[`${kind}s`] as { id: string }[]) {
      const path = `/${kind}s/${one.id}`;
      await this.request('DELETE', path);
      if (this.#made.includes(path)) this.#made.splice(this.#made.indexOf(path), 1);
    }
    const made = await this.request('POST', `/${kind}s`, { [kind]: { name, domain_id: 'default', ...more } });
    const { id } = made[kind] as { id: string };
    this.#made.push(`/${kind}s/${id}`);
    return id;
  }

  async idOf(kind: 'role' | 'project', name: string): Promise<string> {
    const [found] = (await this.request('GET', `/${kind}s?name=${name}`))[`${kind}s`] as { id: string }[];
    if (!found) throw new Error(`there is no ${kind} ${name}`);
    return found.id;
  }

  async grant(project: string, user: string, role: string): Promise<void> {
    await this.request('PUT', `/projects/${project}/users/${user}/roles/${await this.idOf('role', role)}`);
  }

  /** A token that ends soon: no token outlives the application credential that it was got by. */
  async shortToken(
    login: Login,
    userId: string,
    seconds: number,
  ): Promise<{ token: string; endsAt: number }> {
    const endsAt = Math.ceil(Date.now() / 1000 + seconds) * 1000;
    const expires = new Date(endsAt).toISOString().replace('Z', '000');
    const made = await this.request(
      'POST',
      `/users/${userId}/application_credentials`,
      { application_credential: { name: `short-${endsAt}`, expires_at: expires } },
      { 'x-auth-token': await this.token(login) },
    );
    const { id, secret } = made['application_credential'] as { id: string; secret: string };
    const identity = { methods: ['application_credential'], application_credential: { id, secret } };
    return { token: await issued(this.url, { identity }), endsAt };
  }

  async revoke(token: string): Promise<void> {
    await this.request('DELETE', '/auth/tokens', undefined, { 'x-subject-token': token });
  }

  async dropServices(type: string): Promise<void> {
    const { services } = (await this.request('GET', `/services?type=${type}`)) as {
      services: { id: string }[];
    };
    for (const { id } of services) await this.request('DELETE', `/services/${id}`);
  }

  async removeAll(): Promise<void> {
    for (const path of this.#made.toReversed()) await this.request('DELETE', path);
  }
}

async function tokenOf(url: string, { user, password, scope }: Login): Promise<string> {
  const identity = { methods: ['password'], password: { user: { name: user, domain: DOMAIN, password } } };
  return issued(url, {
    identity,
    scope: scope === 'system' ? { system: { all: true } } : { project: { id: scope } },
  });
}

async function issued(url: string, auth: Json): Promise<string> {
  const answer = await fetch(`${url}/auth/tokens?nocatalog`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth }),
  });
  if (answer.status !== 201) throw new Error(`login: ${answer.status} ${await answer.text()}`);
  return answer.headers.get('x-subject-token') ?? '';
}

/** Runs the real `openstack` client with words that hold no blanks; gives what it prints. */
export async function openstack(cloudsFile: string, cloud: string, words: string): Promise<string> {
  const { stdout } = await run('openstack', ['--os-cloud', cloud, ...words.split(' ')], {
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', OS_CLIENT_CONFIG_FILE: cloudsFile },
  });
  return stdout.trim();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Ends the lab's Keystone, and waits until its process is gone: it outlives its port by a second. */
export async function stopKeystone(): Promise<void> {
  const [text = ''] = readFileSync(join(LAB_STATE, 'run/keystone.pid'), 'utf8').split(' ');
  const pid = Number(text);
  process.kill(pid, 'SIGTERM');
  while (isAlive(pid)) await sleep(100);
}

export async function startKeystone(): Promise<void> {
  const child = spawn(join(ROOT, 'lab/real/openstack/up.sh'), ['--identity'], { stdio: 'inherit' });
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`up.sh --identity ended with ${code}`);
}
