import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ScriptedCloud, startScriptedCloud } from '../test/scripted-cloud.ts';
import { type Around, LoginError, OpenStackSession } from './index.ts';

const signal = AbortSignal.timeout(20_000);
const retries = { attempts: 3, firstMs: 1, longestSeconds: 1 };
let cloud: ScriptedCloud;
let session: OpenStackSession;

beforeEach(async () => {
  cloud = await startScriptedCloud();
  session = await OpenStackSession.open(cloud.config, { signal, retries });
});
afterEach(async () => {
  await session.close();
  await cloud[Symbol.asyncDispose]();
});

describe('the login', () => {
  test('is scoped, and tells who and where', () => {
    expect(JSON.parse(cloud.logins[0]?.body.toString() ?? '')).toEqual({
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: 'someone', domain: { id: 'default' }, password: 'geheim' } },
        },
        scope: { project: { name: 'one', domain: { id: 'default' } } },
      },
    });
    expect(session.project).toMatchObject({ id: 'p1', name: 'one' });
    expect(session.user).toMatchObject({ id: 'u1' });
    expect(session.roles).toEqual(['member']);
  });

  test('refused: says so, without the password, and is not tried again', async () => {
    cloud.on('POST /v3/auth/tokens', () => ({ status: 401, json: { error: { message: 'geheim' } } }));
    const failure: unknown = await OpenStackSession.open(cloud.config, { signal, retries }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(LoginError);
    expect(String(failure)).not.toContain('geheim');
    expect(cloud.logins).toHaveLength(2);
  });

  test('of a Keystone that is busy at first is tried again', async () => {
    cloud.on('POST /v3/auth/tokens', (_seen, count) =>
      count === 2 ? { status: 503 } : { status: 201, json: {}, headers: { 'x-subject-token': 'x' } },
    );
    await expect(OpenStackSession.open(cloud.config, { signal, retries })).rejects.toThrow(
      /no user or no end/,
    );
    expect(cloud.logins).toHaveLength(3);
  });

  test('at something that is no Keystone says so', async () => {
    const config = { ...cloud.config, authUrl: `${cloud.url}/elsewhere` };
    await expect(OpenStackSession.open(config, { signal, retries })).rejects.toThrow(
      /is auth_url a Keystone v3/,
    );
  });

  test('is renewed once for all who meet a token that ended', async () => {
    cloud.on('GET /compute/v2.1/limits', ({ headers }) =>
      headers['x-auth-token'] === 'token-1' ? { status: 401 } : { json: { fine: true } },
    );
    const call = (): Promise<unknown> => session.call('compute', { path: '/limits', signal });
    expect(await Promise.all([call(), call(), call()])).toEqual([
      { fine: true },
      { fine: true },
      { fine: true },
    ]);
    expect(cloud.logins).toHaveLength(2);
  });

  test('is not renewed again and again', async () => {
    cloud.on('GET /compute/v2.1/limits', () => ({ status: 401, json: { error: { message: 'no' } } }));
    await expect(session.call('compute', { path: '/limits', signal })).rejects.toMatchObject({
      code: 'unauthorized',
    });
    expect(cloud.logins).toHaveLength(2);
    expect(cloud.calls).toHaveLength(2);
  });

  test('one caller that gives up does not end the renewal for the others', async () => {
    cloud.on('GET /compute/v2.1/limits', ({ headers }) =>
      headers['x-auth-token'] === 'token-1' ? { status: 401 } : { json: {} },
    );
    const quitter = new AbortController();
    await session.microversion('compute', signal);
    const first = session.freshen(7200, quitter.signal);
    const second = session.freshen(7200, signal);
    quitter.abort(new Error('changed my mind'));
    await expect(first).rejects.toThrow('changed my mind');
    await second;
    expect(cloud.logins).toHaveLength(2);
  });
});

describe('another project', () => {
  test('is another login of the same user', async () => {
    const other = await session.rescope('two', signal);
    await other.close();
    expect(JSON.parse(cloud.logins[1]?.body.toString() ?? '')).toMatchObject({
      auth: { scope: { project: { name: 'two', domain: { id: 'default' } } } },
    });
  });

  test('is refused for an application credential', async () => {
    const bound = await OpenStackSession.open(
      { ...cloud.config, auth: { type: 'application_credential', id: 'a', secret: 's' } },
      { signal },
    );
    await expect(bound.rescope('two', signal)).rejects.toThrow(/is bound to project "one"/);
    await bound.close();
  });
});

describe('a project that is not to be had', () => {
  test.for([403, 401])('is told from a wrong login: HTTP %i', async (status) => {
    const json = { error: { code: status, message: 'rescope a scoped token', title: 'No' } };
    cloud.on('POST /v3/auth/tokens', () => ({ status, json }));
    await expect(session.rescope('0123456789abcdef0123456789abcdef', signal)).rejects.toMatchObject({
      code: 'login',
      otherProject: true,
      message: expect.stringMatching(/^"someone", who logs in to project "one", .*rescope a scoped token/),
    });
    // By name, then by id.
    expect(cloud.logins).toHaveLength(3);
  });
});

describe('a request', () => {
  test.for([
    ['image', '/image/v2/x', undefined],
    ['network', '/network/v2.0/x', undefined],
    ['compute', '/compute/v2.1/x', 'compute 2.90'],
    ['volume', '/block-storage/v3/p1/x', 'volume 3.59'],
  ] as const)('to %s goes to the right place at a version both know', async ([service, path, version]) => {
    cloud.on(`GET ${path}`, () => ({ json: {} }));
    await session.call(service, { path: '/x', signal });
    expect(cloud.calls[0]?.headers['openstack-api-version']).toBe(version);
    expect(cloud.calls[0]?.headers['x-auth-token']).toBe('token-1');
  });

  test('to a service that is not in the region says so', async () => {
    const away = await OpenStackSession.open({ ...cloud.config, region: 'R3' }, { signal });
    expect(away.has('image')).toBe(false);
    await expect(away.call('image', { path: '/x', signal })).rejects.toThrow(
      /no public endpoint of image in region "R3"/,
    );
    await away.close();
  });

  test('has what it was opened with around it each time that it is sent, also in another project', async () => {
    const seen: string[] = [];
    const around: Around = async ({ service, method, path, json }, send) => {
      seen.push(`${service} ${method} ${path} ${JSON.stringify(json)}`);
      const answer = await send();
      seen.push('answered');
      return answer;
    };
    const check = (): void => void seen.push('checked');
    const own = await OpenStackSession.open(cloud.config, { signal, retries, check, around });
    const other = await own.rescope('two', signal);
    cloud.on('POST /block-storage/v3/p1/x', (_seen, count) => ({ status: count === 1 ? 503 : 200, json: 1 }));
    await other.call('volume', { method: 'POST', path: '/x', json: { a: 1 }, signal });
    expect(seen).toEqual([
      'volume POST /x {"a":1}',
      'checked',
      'volume POST /x {"a":1}',
      'checked',
      'answered',
    ]);
    await other.close();
    await own.close();
  });

  test('obeys an endpoint from the configuration', async () => {
    const endpointOverrides = { 'block-storage': `${cloud.url}/mine` };
    const own = await OpenStackSession.open({ ...cloud.config, endpointOverrides }, { signal });
    cloud.on('GET /mine/v3/p1/x', () => ({ json: 1 }));
    cloud.on('GET /mine/v3/', () => ({ json: { versions: [{ version: '3.70' }] } }));
    expect(await own.call('volume', { path: '/x', signal })).toBe(1);
    await own.close();
  });

  test.for([
    ['GET', { status: 503 }, true],
    ['GET', { status: 502 }, true],
    ['GET', { hangUp: true }, true],
    ['POST', { status: 503, headers: { 'retry-after': '0' } }, true],
    ['POST', { status: 429, headers: { 'retry-after': '0' } }, true],
    ['POST', { status: 502 }, false],
    ['POST', { status: 504 }, false],
    ['POST', { hangUp: true }, false],
    ['DELETE', { status: 500 }, false],
    ['DELETE', { hangUp: true }, true],
    ['GET', { status: 500 }, false],
    ['GET', { status: 404 }, false],
  ] as const)('%s that meets %j: sent again %s', async ([method, reply, again]) => {
    cloud.on(`${method} /image/v2/x`, (_seen, count) => (count < 2 ? reply : { json: 'done' }));
    const answer: unknown = await session.call('image', { method, path: '/x', signal }).catch(() => 'failed');
    expect(answer).toBe(again ? 'done' : 'failed');
    expect(cloud.calls).toHaveLength(again ? 2 : 1);
  });

  test('is given up after the agreed number of attempts', async () => {
    cloud.on('GET /image/v2/x', () => ({ status: 503 }));
    await expect(session.call('image', { path: '/x', signal })).rejects.toMatchObject({ status: 503 });
    expect(cloud.calls).toHaveLength(3);
  });

  test('that fails tells the request id and not the query', async () => {
    cloud.on('GET /image/v2/x', () => ({
      status: 400,
      headers: { 'x-openstack-request-id': 'req-7' },
      json: { badRequest: { message: 'no such thing' } },
    }));
    const failure: unknown = await session
      .call('image', { path: '/x?token=geheim', signal })
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'bad_request', faultName: 'badRequest', requestId: 'req-7' });
    expect(String(failure)).toContain('image: GET /x: 400 no such thing (req-7)');
    expect(String(failure)).not.toContain('geheim');
  });

  test('whose answer is no JSON says so', async () => {
    cloud.on('GET /image/v2/x', () => ({ text: '<html>' }));
    await expect(session.call('image', { path: '/x', signal })).rejects.toMatchObject({ code: 'protocol' });
  });

  test('ends when its caller says so', async () => {
    const controller = new AbortController();
    cloud.on('GET /image/v2/x', () => {
      // While the answer is on its way, or during the pause after it.
      setTimeout(() => controller.abort(new Error('enough')), 20);
      return { status: 503, headers: { 'retry-after': '1' } };
    });
    const call = session.call('image', { path: '/x', signal: controller.signal });
    await expect(call).rejects.toThrow('enough');
  });
});

test('a failed look for versions is not remembered', async () => {
  cloud.on('GET /compute/v2.1/', (_seen, count) =>
    count <= retries.attempts ? { status: 503 } : { json: { version: { version: '2.53' } } },
  );
  await expect(session.microversion('compute', signal)).rejects.toMatchObject({ status: 503 });
  expect(await session.microversion('compute', signal)).toBe('2.53');
});

describe('a service that others speak to', () => {
  test('is found in the catalog, or by an override', async () => {
    expect(session.endpointOf('network')).toBe(`${cloud.url}/network/`);
    expect(session.endpointOf('migration')).toBeNull();
    const config = { ...cloud.config, endpointOverrides: { migration: 'http://h:7000' } };
    const other = await OpenStackSession.open(config, { signal, retries });
    expect(other.endpointOf('migration')).toBe('http://h:7000');
    await other.close();
  });
  test('gets a token, and a new one only for the one it refused', async () => {
    expect(await session.token(signal)).toBe('token-1');
    expect(await session.token(signal, 'token-1')).toBe('token-2');
    expect(await session.token(signal, 'token-1')).toBe('token-2');
    expect(cloud.logins).toHaveLength(2);
  });
});
