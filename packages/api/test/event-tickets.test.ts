import { EVENT_STREAM_PATH } from '@guts/contract';
import type { Store } from '@guts/core';
import { openStore } from '@guts/store';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Api, type ApiOptions, type Caller, createApi } from '../src/index.ts';
import { Browser, codeOf, recordingLog } from './browser.ts';
import { eventFor, optionsFor, sealedBy } from './rig.ts';

const ORIGIN = 'https://horizon.example';
const PROJECTS = { a: 'a'.repeat(32), b: 'b'.repeat(32) };
const caller = (roles: readonly string[], projectId: string | null = PROJECTS.a): Caller => ({
  projectId,
  userId: 'u1',
  roles,
  system: projectId === null,
});

let store: Store;
let callers: Map<string, Caller>;
/** Milliseconds; every pause of a stream lets a second pass, of both clocks. */
let time = 0;
const clock = {
  now: () => Date.parse('2026-01-01T00:00:00Z') + time,
  monotonic: () => time,
  sleep: async () => {
    time += 1000;
    await new Promise((resolve) => setTimeout(resolve, 5));
  },
};
const apis: Api[] = [];

beforeEach(async () => {
  time = 0;
  callers = new Map([
    ['reader', caller(['reader'])],
    ['none', caller(['other'])],
    ['admin', caller(['admin'])],
    ['system', caller(['admin'], null)],
  ]);
  store = await openStore({ url: 'sqlite::memory:' });
  await store.upgrade();
  for (const [side, projectId] of Object.entries(PROJECTS))
    await store.createMapping(
      {
        id: `mapping-${side}`,
        projectId,
        name: side,
        description: null,
        mapping: { networks: {}, datastores: {}, instances: {} } as never,
      },
      { ...eventFor('mapping', `mapping-${side}`), projectId, message: `of-${side}` },
    );
});
afterEach(async () => {
  for (const api of apis.splice(0)) await api.close();
  await store.close();
});
function serve(more: Partial<ApiOptions> = {}): Api {
  const api = createApi(
    optionsFor(store, {
      clock,
      authenticate: (token) => Promise.resolve(callers.get(token ?? '') ?? null),
      logins: { by: 'link', token: 'reader' },
      ...more,
    }),
  );
  apis.push(api);
  return api;
}

async function ask(api: Api, token: string, origin: unknown = ORIGIN, project = '') {
  const url = `/v1${project === '' ? '' : `/${project}`}/events/tickets`;
  const answer = await api.inject({
    method: 'POST',
    url,
    headers: { 'x-auth-token': token },
    payload: { origin },
  });
  return { status: answer.statusCode, body: answer.json() as { ticket: string; expires_at: string } };
}
async function ticketFor(api: Api, token = 'reader', project = ''): Promise<string> {
  const { status, body } = await ask(api, token, ORIGIN, project);
  if (status !== 201) throw new Error(`no ticket: ${status} ${JSON.stringify(body)}`);
  return body.ticket;
}
/** As a browser on a page of an origin asks, over the network. */
async function open(
  api: Api,
  query: string,
  headers: Record<string, string> = { origin: ORIGIN },
  path = EVENT_STREAM_PATH,
) {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const answer = await fetch(`${await listening(api)}${path}?${query}`, { headers, signal: stop.signal });
  return { status: answer.status, headers: answer.headers, answer };
}
const addresses = new WeakMap<Api, Promise<string>>();
function listening(api: Api): Promise<string> {
  const address = addresses.get(api) ?? api.listen();
  addresses.set(api, address);
  return address;
}
/** What the stream tells until it has told something. */
async function told(answer: Response, wanted: RegExp): Promise<string> {
  let text = '';
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    text += new TextDecoder().decode(chunk);
    if (wanted.test(text)) return text;
  }
  return text;
}

describe('a ticket', () => {
  test('opens the stream of its project to pages of its origin, for a minute', async () => {
    const api = serve();
    const { body } = await ask(api, 'reader');
    expect(body.expires_at).toBe('2026-01-01T00:01:00.000Z');
    // More than once: a connection that breaks is made again.
    for (let times = 0; times < 2; times += 1) {
      const { status, headers, answer } = await open(api, `ticket=${body.ticket}`);
      expect(status).toBe(200);
      expect(headers.get('access-control-allow-origin')).toBe(ORIGIN);
      expect(headers.get('access-control-allow-credentials')).toBeNull();
      expect(headers.get('vary')).toBe('OpenStack-API-Version, Origin');
      const text = await told(answer, /of-a/);
      expect(text).toContain('of-a');
      expect(text).not.toContain('of-b');
    }
    time = 60_000;
    const late = await open(api, `ticket=${body.ticket}`);
    expect(late.status).toBe(401);
    // So that the page can read why.
    expect(late.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(await late.answer.text()).toContain('POST /v1/events/tickets');
  });

  test('goes on where its page was', async () => {
    const api = serve();
    const ticket = await ticketFor(api);
    const first = await told((await open(api, `ticket=${ticket}`)).answer, /of-a/);
    const last = /id: (\d+)/.exec(first)?.[1] ?? '';
    const { answer } = await open(api, `ticket=${ticket}`, { origin: ORIGIN, 'last-event-id': last });
    const rest = told(answer, /mapping-late/);
    await store.createMapping(
      { id: 'mapping-late', projectId: PROJECTS.a, name: 'late', description: null, mapping: {} as never },
      { ...eventFor('mapping', 'mapping-late'), projectId: PROJECTS.a },
    );
    expect(await rest).not.toContain('of-a');
  });

  test.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['another scheme', { origin: 'http://horizon.example' }],
    ['another port', { origin: 'https://horizon.example:8443' }],
    ['no origin of its own', { origin: 'null' }],
    ['a page of another host that does not say which', { 'sec-fetch-site': 'cross-site' }],
  ])(
    'is refused to %s, which cannot read the answer either',
    async (_who, headers: Record<string, string>) => {
      const api = serve();
      const answer = await open(api, `ticket=${await ticketFor(api)}`, headers);
      expect(answer.status).toBe(403);
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    },
  );

  test('serves a page behind the same address, which names no origin', async () => {
    const api = serve();
    const ticket = await ticketFor(api);
    for (const headers of [{ 'sec-fetch-site': 'same-origin' }, {}])
      expect((await open(api, `ticket=${ticket}`, headers)).status).toBe(200);
  });

  test('is none when tampered with, made up, of another key, given twice, or a cookie', async () => {
    const api = serve();
    const ticket = await ticketFor(api);
    const browser = new Browser(api);
    await browser.signIn({ link: { code: codeOf(api.dashboardLink() ?? '') } });
    for (const query of [
      'ticket=',
      'ticket=x',
      `ticket=${ticket.slice(0, 40)}${ticket[40] === 'A' ? 'B' : 'A'}${ticket.slice(41)}`,
      `ticket=${ticket}A.B`,
      `ticket=${ticket}&ticket=${ticket}`,
      `ticket=${await ticketFor(serve({ secrets: sealedBy('another key') }))}`,
      `ticket=${browser.cookie?.split('=')[1] ?? ''}`,
    ]) {
      const { status, headers } = await open(api, query);
      expect([query, status]).toEqual([query, 401]);
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  test('is no cookie, and opens nothing else', async () => {
    const api = serve();
    const ticket = await ticketFor(api);
    const browser = new Browser(api);
    browser.cookie = `guts_session=${ticket}`;
    expect((await browser.ask('GET', '/v1/me')).status).toBe(401);
    for (const path of ['/v1/me', '/v1/events', '/v1/migrations'])
      expect((await open(api, `ticket=${ticket}`, { origin: ORIGIN }, path)).status).toBe(401);
  });

  test('counts alone: no other token is looked at beside it', async () => {
    const api = serve();
    const headers = { origin: ORIGIN, 'x-auth-token': 'reader' };
    expect((await open(api, 'ticket=x', headers)).status).toBe(401);
  });

  test('is for whom the stream is for', async () => {
    const api = serve();
    expect((await ask(api, 'none')).status).toBe(403);
    expect((await ask(api, 'nobody')).status).toBe(401);
    const ticket = await ticketFor(api);
    callers.set('reader', caller([]));
    const refused = await open(api, `ticket=${ticket}`);
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([403, ORIGIN]);
    callers.delete('reader');
    expect((await open(api, `ticket=${ticket}`)).status).toBe(401);
  });

  test.each([
    'horizon.example',
    'ftp://horizon.example',
    'https://horizon.example/',
    'https://user@horizon.example',
    'https://horizon.example/path',
    'https://a.example, https://b.example',
    '*',
    'null',
    '',
    17,
    `https://${'x'.repeat(300)}`,
  ])('is for an origin: not %s', async (origin) => {
    expect((await ask(serve(), 'reader', origin)).status).toBe(400);
  });

  test('is of the project in which it was asked for', async () => {
    const api = serve();
    const ticket = await ticketFor(api, 'admin', PROJECTS.b);
    const text = await told((await open(api, `ticket=${ticket}`)).answer, /of-b/);
    expect(text).not.toContain('of-a');
    const named = (project: string) =>
      open(api, `ticket=${ticket}`, { origin: ORIGIN }, EVENT_STREAM_PATH.replace('/v1/', `/v1/${project}/`));
    expect((await named(PROJECTS.b)).status).toBe(200);
    expect((await named(PROJECTS.a)).status).toBe(403);
    // Who may not act there any more.
    callers.set('admin', caller(['reader']));
    expect((await open(api, `ticket=${ticket}`)).status).toBe(403);
  });

  test('of the system is of a project, too', async () => {
    const api = serve();
    expect((await ask(api, 'system')).status).toBe(400);
    const ticket = await ticketFor(api, 'system', PROJECTS.b);
    expect(await told((await open(api, `ticket=${ticket}`)).answer, /of-b/)).toContain('of-b');
  });

  test('guessed is held back like a token', async () => {
    const api = serve({ requestsPerMinute: 12 });
    const statuses: number[] = [];
    for (let n = 0; n < 3; n += 1) statuses.push((await open(api, `ticket=guess-${n}`)).status);
    expect(statuses).toEqual([401, 401, 429]);
  });

  test('is in no log', async () => {
    const log = recordingLog();
    const api = serve({ log });
    const ticket = await ticketFor(api);
    await told((await open(api, `ticket=${ticket}`)).answer, /of-a/);
    await open(api, `ticket=${ticket}`, { origin: 'https://evil.example' });
    await open(api, `ticket=${ticket}x`);
    expect(log.lines.join('\n')).not.toContain(ticket);
  });
});

/** Streams by a ticket and by the cookie: each with what opened it. */
const WAYS = [
  ['a ticket', async (api: Api) => open(api, `ticket=${await ticketFor(api)}`)],
  [
    'the cookie',
    async (api: Api) => {
      const browser = new Browser(api);
      await browser.signIn({ link: { code: codeOf(api.dashboardLink() ?? '') } });
      return open(api, '', { cookie: browser.cookie ?? '' });
    },
  ],
] as const;

describe.each(WAYS)('a stream that %s opened', (_way, start) => {
  test.each([
    ['the token ends', () => callers.delete('reader'), 'unauthorized'],
    ['the role is taken away', () => callers.set('reader', caller(['other'])), 'forbidden'],
  ] as const)('ends when %s', async (_when, change, code) => {
    const { status, answer } = await start(serve());
    expect(status).toBe(200);
    change();
    expect(await answer.text()).toContain(`: ${code}: the stream ends\n\n`);
  });

  test('goes on for as long as the token is good', async () => {
    const { answer } = await start(serve());
    // Far beyond the end of a ticket, and of several looks at the token.
    await vi.waitUntil(() => time > 200_000, { timeout: 20_000, interval: 20 });
    await store.createMapping(
      { id: 'mapping-late', projectId: PROJECTS.a, name: 'late', description: null, mapping: {} as never },
      { ...eventFor('mapping', 'mapping-late'), projectId: PROJECTS.a },
    );
    expect(await told(answer, /mapping-late/)).toContain('mapping-late');
  });
});

test('a stream that the cookie opened ends when its session is over, or was signed out', async () => {
  const api = serve();
  for (const end of [
    (browser: Browser) => browser.ask('DELETE', '/dashboard/session'),
    async () => {
      time += 24 * 3600_000;
    },
  ]) {
    const browser = new Browser(api);
    await browser.signIn({ link: { code: codeOf(api.dashboardLink() ?? '') } });
    const { status, answer } = await open(api, '', { cookie: browser.cookie ?? '' });
    expect(status).toBe(200);
    await end(browser);
    expect(await answer.text()).toContain(': unauthorized: the stream ends\n\n');
  }
});

test('without a ticket no page of another host may read the stream', async () => {
  const api = serve();
  const browser = new Browser(api);
  await browser.signIn({ link: { code: codeOf(api.dashboardLink() ?? '') } });
  const { headers } = await open(api, '', { cookie: browser.cookie ?? '', origin: 'https://evil.example' });
  expect(headers.get('access-control-allow-origin')).toBeNull();
});
