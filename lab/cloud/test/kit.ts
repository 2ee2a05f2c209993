/** A cloud for one test file, and a plain client of it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cloud, type CloudOptions, startCloud } from '../src/index.ts';

export type Json = Record<string, unknown>;

/** Short, so that suites are quick; states still pass through their stations. */
export const QUICK = {
  imageActivate: 1,
  volumeCreate: 10,
  volumeDelete: 10,
  volumeAttach: 5,
  volumeExtend: 10,
  serverBuild: 20,
  serverDelete: 15,
  serverPower: 10,
  guestBoot: 10,
};

export interface Running extends AsyncDisposable {
  readonly cloud: Cloud;
  readonly stateDir: string;
  as(user: string): Promise<Client>;
}

export async function start(options: Partial<CloudOptions> = {}): Promise<Running> {
  const stateDir = await mkdtemp(join(tmpdir(), 'guts-cloud-'));
  const bugs: unknown[] = [];
  const cloud = await startCloud({
    stateDir,
    delays: QUICK,
    onBug: (error) => bugs.push(error),
    ...options,
  });
  return {
    cloud,
    stateDir,
    as: (user) => login(cloud, user),
    [Symbol.asyncDispose]: async () => {
      await cloud.close();
      await rm(stateDir, { recursive: true });
      if (bugs.length > 0) throw new AggregateError(bugs, 'the fake has bugs');
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Json;
}

export interface Client {
  readonly token: string;
  readonly projectId: string;
  readonly userId: string;
  /** `body` is sent as JSON unless it is bytes; `path` begins at the cloud's address. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

export function passwordAuth(cloud: Cloud, name: string, scope: unknown = 'default'): Json {
  const user = cloud.users.find((one) => one.name === name);
  if (!user) throw new Error(`no user ${name}`);
  const domain = { id: 'default' };
  const project = { name: user.project, domain };
  return {
    auth: {
      identity: {
        methods: ['password'],
        password: { user: { name, domain, password: user.password } },
      },
      ...(scope === undefined ? {} : { scope: scope === 'default' ? { project } : scope }),
    },
  };
}

async function login(cloud: Cloud, name: string): Promise<Client> {
  const answer = await request(
    cloud.url,
    '',
    'POST',
    '/identity/v3/auth/tokens',
    passwordAuth(cloud, name),
    {},
  );
  const token = answer.headers.get('x-subject-token');
  if (answer.status !== 201 || token === null) throw new Error(`login of ${name}: ${answer.text}`);
  const facts = answer.json['token'] as { project: { id: string }; user: { id: string } };
  return {
    token,
    projectId: facts.project.id,
    userId: facts.user.id,
    call: (method, path, body, headers) => request(cloud.url, token, method, path, body, headers ?? {}),
  };
}

export async function request(
  base: string,
  token: string,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Answer> {
  const bytes = body instanceof Uint8Array;
  const type = bytes ? 'application/octet-stream' : 'application/json';
  const response = await fetch(base + path, {
    method,
    redirect: 'manual',
    headers: {
      Accept: 'application/json',
      ...(token === '' ? {} : { 'X-Auth-Token': token }),
      ...(body === undefined ? {} : { 'Content-Type': type }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: bytes ? new Uint8Array(body) : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson && text !== '' ? (JSON.parse(text) as Json) : {},
  };
}

/** Asks until `wanted` says yes; the test's own time limit ends it otherwise. */
export async function until<T>(ask: () => Promise<T>, wanted: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask();
    if (wanted(value)) return value;
    await sleep(5);
  }
}

const MIB = 2 ** 20;

/** The front of a disk that boots in the fake, by BIOS or by UEFI. */
export function guestDisk(id: string, firmware: 'bios' | 'uefi' = 'bios', size = MIB): Buffer {
  const disk = Buffer.alloc(size);
  disk.writeUInt16LE(0xaa55, 510);
  if (firmware === 'uefi') disk.write('EFI PART', 512, 'latin1');
  disk.write(`\nGUTS-FAKE-GUEST id=${id}\n`, 4096, 'latin1');
  return disk;
}

/** Registers and uploads an image; answers its id. */
export async function uploaded(client: Client, bytes: Buffer, facts: Json = {}): Promise<string> {
  const made = await client.call('POST', '/image/v2/images', {
    name: 'disk',
    disk_format: 'raw',
    container_format: 'bare',
    ...facts,
  });
  const id = String(made.json['id']);
  const put = await client.call('PUT', `/image/v2/images/${id}/file`, bytes);
  if (put.status !== 204) throw new Error(`upload: ${put.status} ${put.text}`);
  return id;
}
