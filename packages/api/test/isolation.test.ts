import { allRoutes, EVENT_STREAM_PATH, type Route } from '@guts/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  askedOf,
  type Call,
  callOf,
  PROJECTS,
  type Role,
  SECRET,
  things,
  type Token,
  type TwoProjects,
  twoProjects,
} from './two-projects.ts';

/**
 * Who may do what, said here anew, so that a mistake in our rules is no mistake of the test: readers look, members
 * change, and these are for administrators, or for everybody.
 */
const FOR_ADMINS: readonly string[] = [
  'services.list',
  'services.update',
  'services.remove',
  'audit',
  'dashboard.link',
];
/** They only look, though what is asked for is too much for an address, or opens what may be looked at. */
/** They look, but at what a guest printed. */
const FOR_MEMBERS: readonly string[] = ['migrations.console'];
const FOR_READERS: readonly string[] = ['preflight.check', 'preflight.summary', 'events.ticket'];
const FOR_ALL: readonly string[] = ['health'];
/** They are about no project: a token of the system asks for them without naming one. */
const OF_THE_SYSTEM: readonly string[] = [
  ...FOR_ADMINS,
  'healthReport',
  'limits',
  'drivers',
  'preflight.rules',
  'me',
];
/** What is allowed, and then cannot be done. */
const ANSWERS: Readonly<Record<string, number>> = { 'services.remove': 409 };

const RANK: readonly Role[] = ['none', 'reader', 'member', 'admin'];
const PLACES = ['no project', 'own project', 'other project'] as const;
const TOKENS = (['a', 'b', 'system'] as const).flatMap((where) =>
  RANK.map((role): Token => `${where}-${role}`),
);

function needed(name: string, { method }: Route): Role {
  if (FOR_ALL.includes(name)) return 'none';
  if (FOR_ADMINS.includes(name)) return 'admin';
  if (FOR_MEMBERS.includes(name)) return 'member';
  return method === 'GET' || FOR_READERS.includes(name) ? 'reader' : 'member';
}

/** 403: refused; 400: which project is not said; 200: served. */
function expected(name: string, route: Route, token: Token, place: (typeof PLACES)[number]): 200 | 400 | 403 {
  const [where, role] = token.split('-') as ['a' | 'b' | 'system', Role];
  const need = needed(name, route);
  if (need === 'none') return 200;
  if (role === 'admin')
    return where === 'system' && place === 'no project' && !OF_THE_SYSTEM.includes(name) ? 400 : 200;
  // Without the role admin, a token is good for its own project alone.
  if (where === 'system' || place === 'other project') return 403;
  return RANK.indexOf(role) >= RANK.indexOf(need) ? 200 : 403;
}

const sideOf = (token: Token): 'a' | 'b' => (token.startsWith('b') ? 'b' : 'a');
const other = (side: 'a' | 'b'): 'a' | 'b' => (side === 'a' ? 'b' : 'a');

describe.each([...allRoutes])('%s', (name, route) => {
  test('is for whom it should be, and tells nothing of another project', async () => {
    await using rig = await twoProjects();
    const wrong: string[] = [];
    let served = false;
    for (const token of TOKENS)
      for (const place of PLACES) {
        const side = place === 'other project' ? other(sideOf(token)) : sideOf(token);
        const named = place === 'no project' ? null : PROJECTS[side];
        if (named !== null && !route.path.startsWith('/v1/')) continue;
        const { status, text } = await rig.ask(token, askedOf(route, callOf(route, side), named));
        const wanted = expected(name, route, token, place);
        // What the first one did, later ones may find done already.
        const first = ANSWERS[name] ?? route.status;
        const fits = wanted !== 200 || !served ? [wanted === 200 ? first : wanted] : [first, 404, 409];
        if (!fits.includes(status))
          wrong.push(`${token}, ${place}: not ${fits.join()}, but ${status} ${text}`);
        served ||= wanted === 200;
        if (!token.startsWith('system') && text.includes(SECRET[other(side)]))
          wrong.push(`${token}, ${place}: is told of another project: ${text}`);
      }
    expect(wrong).toEqual([]);
    expect(served).toBe(true);
  });

  test.runIf(needed(name, route) !== 'none')('is for nobody without a token', async () => {
    await using rig = await twoProjects();
    for (const token of ['', 'a-nobody', 'nowhere']) {
      const answer = await rig.ask(token as Token, askedOf(route, callOf(route, 'a'), null));
      expect(answer.status).toBe(401);
    }
  });
});

/** The same call with one text in one place. */
function* substituted(route: Route, call: Call, text: string): Generator<readonly [string, Call]> {
  for (const key of Object.keys(call.params))
    yield [`params.${key}`, { ...call, params: { ...call.params, [key]: text } }];
  for (const [key, schema] of Object.entries(route.query.properties as Record<string, { enum?: unknown }>))
    if (schema.enum === undefined) yield [`query.${key}`, { ...call, query: { ...call.query, [key]: text } }];
  if (call.body !== undefined)
    for (const [key, body] of inBody(call.body, text)) yield [`body${key}`, { ...call, body }];
}
function* inBody(value: unknown, text: string): Generator<readonly [string, never]> {
  if (typeof value === 'string') yield ['', text as never];
  else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value))
      for (const [path, changed] of inBody(inner, text)) {
        const copy = Array.isArray(value)
          ? value.with(Number(key), changed)
          : { ...value, [key]: changed as unknown };
        yield [`.${key}${path}`, copy as never];
      }
}

/** An answer without what differs between any two. */
function masked(text: string, given: string): string {
  return text
    .replaceAll(given, 'GIVEN')
    .replaceAll(encodeURIComponent(given), 'GIVEN')
    .replaceAll(/"[0-9]{4}-[0-9]{2}-[0-9]{2}T[^"]*"/g, '"TIME"')
    .replaceAll(/"(latency_ms|outbox_oldest_seconds)":[\d.]+/g, '"$1":0');
}

const STRANGE = [
  ...Object.entries(things('a')).flatMap(([kind, text]) => (kind.startsWith('spare') ? [] : [text])),
  'alpha-audit-alpha-source',
  'req-alpha',
  'user-a',
];

describe.each([...allRoutes].filter(([name]) => needed(name, allRoutes.get(name) as Route) !== 'none'))(
  '%s',
  (name, route) => {
    test("answers to what is another project's as to what is not there", async () => {
      // Two that are alike: one is asked about what the other project has, the other about what nobody has.
      await using real = await twoProjects();
      await using none = await twoProjects();
      const token: Token = FOR_ADMINS.includes(name) ? 'b-admin' : 'b-member';
      const wrong: string[] = [];
      for (const strange of STRANGE) {
        // Sorted as the other project's are: some markers are compared, not looked up.
        const nobodys = strange.replace(/alpha|a$/, 'alfa');
        const calls = [...substituted(route, callOf(route, 'b'), nobodys)];
        for (const [at, [where, call]] of [...substituted(route, callOf(route, 'b'), strange)].entries()) {
          const got = await real.ask(token, askedOf(route, call, null));
          const wanted = await none.ask(token, askedOf(route, calls[at]?.[1] ?? call, null));
          const told = `${got.status} ${masked(got.text, strange)}`;
          if (told !== `${wanted.status} ${masked(wanted.text, nobodys)}` || told.includes(SECRET.a))
            wrong.push(`${where} = ${strange}: ${told}`);
        }
      }
      expect(wrong).toEqual([]);
    });
  },
);

describe.each([...allRoutes].filter(([, { creates }]) => creates))('%s', (_name, route) => {
  test('does not give the answer of another project to its idempotency key', async () => {
    await using rig = await twoProjects();
    const send = (token: Token, side: 'a' | 'b', key: string) =>
      rig.ask(token, { ...askedOf(route, callOf(route, side), null), headers: { 'idempotency-key': key } });
    expect((await send('a-member', 'a', 'one')).status).toBe(route.status);
    // Also when the very same is asked for.
    const same = await send('b-member', 'a', 'one');
    expect(same.headers['idempotency-replayed']).toBeUndefined();
    const fresh = await send('b-member', 'b', 'two');
    expect(fresh).toMatchObject({ status: route.status });
    expect(fresh.headers['idempotency-replayed']).toBeUndefined();
    expect(await send('b-member', 'b', 'two')).toMatchObject({ headers: { 'idempotency-replayed': 'true' } });
  });
});

describe('beside the routes of the contract', () => {
  let rig: TwoProjects;
  let address = '';
  beforeAll(async () => {
    rig = await twoProjects();
    address = await rig.api.listen();
  });
  afterAll(async () => {
    await rig[Symbol.asyncDispose]();
  });

  test.each(TOKENS)('metrics are for administrators, and name nothing of a project: %s', async (token) => {
    const answer = await rig.ask(token, { method: 'GET', path: '/metrics' });
    expect(answer.status).toBe(token.endsWith('-admin') ? 200 : 403);
    expect(answer.text).not.toMatch(new RegExp(Object.values(SECRET).join('|')));
  });

  async function stream(token: Token, path: string): Promise<{ status: number; text: string }> {
    const stop = new AbortController();
    const answer = await fetch(`${address}${path}`, {
      headers: { 'x-auth-token': token },
      signal: stop.signal,
    });
    let text = '';
    const reader = answer.body?.getReader();
    // What is there comes at once; the first pause says that it was all.
    for (;;) {
      const pause = new Promise<null>((resolve) => setTimeout(() => resolve(null), 300));
      const next = await Promise.race([reader?.read(), pause]);
      if (!next || next.done) break;
      text += new TextDecoder().decode(next.value);
    }
    stop.abort();
    return { status: answer.status, text };
  }

  test.each(TOKENS)('the event stream is of the own project: %s', async (token) => {
    const { status, text } = await stream(token, EVENT_STREAM_PATH);
    const refused = token.endsWith('-none') || (token.startsWith('system') && token !== 'system-admin');
    const unnamed = token === 'system-admin' ? 400 : 200;
    expect(status).toBe(refused ? 403 : unnamed);
    const side = sideOf(token);
    expect(text.includes(things(side).migration)).toBe(status === 200);
    expect(text).not.toContain(SECRET[other(side)]);
  });

  test.each(TOKENS)('a ticket opens the event stream of the own project: %s', async (token) => {
    const origin = 'https://horizon.example';
    const asked = { method: 'POST', path: '/v1/events/tickets', body: { origin } } as const;
    const made = await rig.ask(token, asked);
    const refused = token.endsWith('-none') || (token.startsWith('system') && token !== 'system-admin');
    const unnamed = token === 'system-admin' ? 400 : 201;
    expect(made.status).toBe(refused ? 403 : unnamed);
    const { ticket = '' } = JSON.parse(made.text) as { ticket?: string };
    const { status, text } = await stream('a-nobody' as Token, `${EVENT_STREAM_PATH}?ticket=${ticket}`);
    const side = sideOf(token);
    expect(status).toBe(made.status === 201 ? 200 : 401);
    expect(text.includes(things(side).migration)).toBe(status === 200);
    expect(text).not.toContain(SECRET[other(side)]);
  });

  test.each(TOKENS)('the dashboard tells nothing of anybody without its cookie: %s', async (token) => {
    const { status, text } = await rig.ask(token, { method: 'GET', path: '/dashboard/session' });
    expect([status, JSON.parse(text)]).toEqual([200, { login: ['link'], session: null }]);
  });

  test('the event stream of another project is for administrators, and its resources are not there', async () => {
    const path = EVENT_STREAM_PATH.replace('/v1/', `/v1/${PROJECTS.a}/`);
    expect((await stream('b-member', path)).status).toBe(403);
    for (const token of ['b-admin', 'system-admin'] as const)
      expect((await stream(token, path)).text).toContain(things('a').migration);
    const asked = await stream('b-reader', `${EVENT_STREAM_PATH}?resource_id=${things('a').migration}`);
    expect(asked).toEqual({ status: 200, text: ': guts\n\n' });
  });

  test('the details of /healthcheck are for administrators', async () => {
    for (const token of TOKENS) {
      const { text } = await rig.ask(token, { method: 'GET', path: '/healthcheck' });
      expect('report' in (JSON.parse(text) as object)).toBe(token.endsWith('-admin'));
    }
  });
});
