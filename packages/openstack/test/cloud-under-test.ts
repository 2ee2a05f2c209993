import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCloud } from '@guts/lab-cloud';
import { type CloudConfig, loadCloud } from '../src/index.ts';

/** In whose name a test works. `small` is a member of another project, of tiny quotas. */
export type Who = 'member' | 'admin' | 'reader' | 'small' | 'appcred';

/** A real cloud's names in GUTS_TEST_CLOUD_FILE; without that file the fake one is started. */
const VARIABLES: Readonly<Record<Who, string>> = {
  member: 'GUTS_TEST_CLOUD',
  admin: 'GUTS_TEST_ADMIN_CLOUD',
  reader: 'GUTS_TEST_READER_CLOUD',
  small: 'GUTS_TEST_SMALL_CLOUD',
  appcred: 'GUTS_TEST_APPCRED_CLOUD',
};

const isFake = !process.env['GUTS_TEST_CLOUD_FILE'];

/** Whether the cloud under test has such a user; known before it is started. */
export function knows(who: Who): boolean {
  return isFake || Boolean(process.env[VARIABLES[who]]);
}

export interface CloudUnderTest extends AsyncDisposable {
  config(who: Who): CloudConfig;
}

export async function cloudUnderTest(): Promise<CloudUnderTest> {
  const file = process.env['GUTS_TEST_CLOUD_FILE'];
  if (!file) return startFake();
  return {
    config: (who) =>
      loadCloud({ cloud: process.env[VARIABLES[who]] ?? '', env: { OS_CLIENT_CONFIG_FILE: file } }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function startFake(): Promise<CloudUnderTest> {
  const stateDir = await mkdtemp(join(tmpdir(), 'guts-openstack-'));
  const bugs: unknown[] = [];
  const cloud = await startCloud({
    stateDir,
    users: [
      { name: 'admin', project: 'admin', roles: ['admin'] },
      { name: 'member', project: 'demo', roles: ['member'] },
      { name: 'reader', project: 'demo', roles: ['reader'] },
      { name: 'small', project: 'small', roles: ['member'] },
    ],
    networks: [
      { name: 'shared', cidr: '192.168.69.0/24', shared: true },
      { name: 'demo', project: 'demo', cidr: '192.168.70.0/24' },
      { name: 'small', project: 'small', cidr: '192.168.71.0/24' },
    ],
    onBug: (error) => bugs.push(error),
  });
  cloud.setQuotas('small', {
    cores: 2,
    ports: 3,
    gigabytes: 2,
    imageCountTotal: 2,
    imageSizeTotal: 100,
  });
  const passwordOf = (name: Who): CloudConfig => {
    const user = cloud.users.find((one) => one.name === name);
    if (!user) throw new Error(`the fake has no ${name}`);
    const domain = { id: 'default' };
    return {
      authUrl: cloud.authUrl,
      auth: { type: 'password', user: { name, domain }, password: user.password },
      project: { name: user.project, domain },
      region: null,
      interface: 'public',
      tls: {},
      endpointOverrides: {},
    };
  };
  const bound = await applicationCredential(passwordOf('member'));
  return {
    config: (who) => (who === 'appcred' ? bound : passwordOf(who)),
    [Symbol.asyncDispose]: async () => {
      await cloud.close();
      await rm(stateDir, { recursive: true });
      if (bugs.length > 0)
        throw new AggregateError(bugs, `the fake has bugs: ${bugs.map(String).join('; ')}`);
    },
  };
}

/** The same user by a new application credential (Identity API, "Application Credentials"). */
async function applicationCredential(config: CloudConfig): Promise<CloudConfig> {
  const { auth, project, ...rest } = config;
  if (auth.type !== 'password') throw new Error('it takes a password to make one');
  const post = async (path: string, json: unknown, token?: string): Promise<Response> => {
    const answer = await fetch(`${config.authUrl}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { 'x-auth-token': token }),
      },
      body: JSON.stringify(json),
    });
    if (answer.status !== 201) throw new Error(`${path}: HTTP ${answer.status}`);
    return answer;
  };
  const password = { user: { ...auth.user, password: auth.password } };
  const login = await post('/auth/tokens', {
    auth: { identity: { methods: ['password'], password }, scope: { project } },
  });
  const { token } = (await login.json()) as { token: { user: { id: string } } };
  const made = await post(
    `/users/${token.user.id}/application_credentials`,
    { application_credential: { name: 'guts-test' } },
    login.headers.get('x-subject-token') ?? '',
  );
  const credential = ((await made.json()) as { application_credential: { id: string; secret: string } })
    .application_credential;
  return {
    ...rest,
    auth: { type: 'application_credential', id: credential.id, secret: credential.secret },
  };
}
