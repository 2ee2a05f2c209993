import fc from 'fast-check';
import { bodySchema, type OpenApi, type Operation, operationsOf, type Parameter } from './document.ts';
import { type Hint, valid } from './from-schema.ts';
import { hintsFor } from './hints.ts';
import { oddText } from './odd.ts';
import { rawCalls } from './raw-calls.ts';
import { spoiled } from './spoil.ts';
import { tokenOf, type World } from './world.ts';

type Headers = readonly (readonly [name: string, value: string])[];

/** A request, as it is sent. */
export interface Call {
  /** Of the operation whose path and method it has; null: it is of none. */
  readonly operation: Operation | null;
  /** What it is counted as. */
  readonly name: string;
  readonly method: string;
  readonly bytes: Buffer;
  /** For what was made of bytes alone there is nothing that curl could do. */
  readonly curl: string | null;
  /** JSON that was sent as the body; null: none, or something else. */
  readonly json: { readonly value: unknown } | null;
  /** It is cut off, or no HTTP: to close the connection is an answer, too. */
  readonly maybeUnanswered: boolean;
  /** Nothing more is sent. */
  readonly ends: boolean;
}

interface Parts {
  readonly method: string;
  readonly target: string;
  readonly headers: Headers;
  readonly body: Buffer | null;
}

/** As a client writes a text into a path or a query; what cannot be written so is given as its bytes are. */
const encoded = (text: string): string => encodeURIComponent(Buffer.from(text).toString());

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
/** A form without the token, to be typed. */
function curlOf({ method, target, headers, body }: Parts): string {
  const shown = headers.map(([name, value]) =>
    name === 'x-auth-token'
      ? `-H "X-Auth-Token: $TOKEN" # ${value.split('-').slice(1).join('-')}\n   `
      : `-H ${quoted(`${name}: ${value}`)}`,
  );
  const text = body?.toString() ?? '';
  const data =
    body === null
      ? []
      : [`--data-binary ${text.length > 4000 ? `'(${body.length} bytes: see the index)'` : quoted(text)}`];
  return ['curl -X', method, ...shown, ...data, quoted(`http://API${target}`)].join(' ');
}

function jsonOf(body: Buffer | null): Call['json'] {
  if (body === null) return null;
  try {
    return { value: JSON.parse(body.toString()) as unknown };
  } catch {
    return null; // as was meant
  }
}

function callOf(operation: Operation | null, name: string, parts: Parts, chunked: boolean): Call {
  const { method, target, headers, body } = parts;
  const lines = headers.map(([key, value]) => `${key}: ${value}`);
  const framing =
    body === null ? [] : [chunked ? 'transfer-encoding: chunked' : `content-length: ${body.length}`];
  const head = [`${method} ${target} HTTP/1.1`, ...lines, ...framing, 'connection: close', '', ''].join(
    '\r\n',
  );
  const payload =
    body === null
      ? []
      : chunked
        ? [Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]
        : [body];
  return {
    operation,
    name,
    method,
    bytes: Buffer.concat([
      Buffer.from(head),
      ...(chunked && body?.length === 0 ? [Buffer.from('0\r\n\r\n')] : payload),
    ]),
    curl: curlOf(parts),
    json: jsonOf(body),
    // A body that is far too long may be refused while it is still sent.
    maybeUnanswered: (body?.length ?? 0) > 1024 * 1024,
    ends: false,
  };
}

const WHO: readonly string[] = [
  'a-member',
  'a-reader',
  'a-none',
  'b-admin',
  'b-reader',
  'system-admin',
  'nobody',
];
const tokens: fc.Arbitrary<Headers> = fc.oneof(
  { weight: 40, arbitrary: fc.constant([['x-auth-token', tokenOf('a-admin')]] as const) },
  { weight: 3, arbitrary: fc.constantFrom(...WHO).map((who) => [['x-auth-token', tokenOf(who)]] as const) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Headers>([], [['x-auth-token', '']], [['x-auth-token', 'x'.repeat(9000)]]),
  },
);
const HEADERS: readonly Headers[] = [
  [['accept', 'text/html']],
  [['accept', '*/*;q=0']],
  [['accept-encoding', 'gzip, br, zstd']],
  [['openstack-api-version', 'migration 1.1']],
  [['openstack-api-version', 'migration latest']],
  [['openstack-api-version', 'migration 9.9']],
  [['openstack-api-version', 'compute 2.1,migration']],
  [['openstack-api-version', '\u00ff']],
  [['idempotency-key', 'key-1']],
  [['idempotency-key', 'key-2']],
  [['idempotency-key', '']],
  [['idempotency-key', 'with blanks']],
  [['idempotency-key', 'k'.repeat(300)]],
  [['last-event-id', '-1']],
  [['last-event-id', 'x']],
  [['last-event-id', '1e3']],
  [['x-forwarded-for', '192.0.2.1']],
  [['x-forwarded-host', 'evil.test']],
  [['x-openstack-request-id', 'req-mine']],
  [['if-none-match', '*']],
  [['range', 'bytes=0-1']],
  [['cookie', 'a=b']],
  [['expect', '100-continue']],
  [
    ['upgrade', 'websocket'],
    ['connection', 'upgrade'],
  ],
  [['content-encoding', 'gzip']],
  [['x-http-method-override', 'DELETE']],
  [['__proto__', 'x']],
];
const moreHeaders: fc.Arbitrary<Headers> = fc.oneof(
  { weight: 8, arbitrary: fc.constant([] as Headers) },
  { weight: 1, arbitrary: fc.constantFrom(...HEADERS) },
  { weight: 1, arbitrary: fc.uuid().map((key): Headers => [['idempotency-key', key]]) },
);
const CONTENT_TYPES: readonly string[] = [
  'application/json; charset=utf-8',
  'application/json; charset=utf-16',
  'application/json;',
  'APPLICATION/JSON',
  'application/merge-patch+json',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/xml',
  'nonsense',
  '',
  '/',
  '\u00ff',
];
const contentTypes: fc.Arbitrary<Headers> = fc.oneof(
  { weight: 25, arbitrary: fc.constant([['content-type', 'application/json']] as Headers) },
  { weight: 1, arbitrary: fc.constantFrom(...CONTENT_TYPES).map((one): Headers => [['content-type', one]]) },
  { weight: 1, arbitrary: fc.constant([] as Headers) },
);
const HOSTS: readonly string[] = [
  'guts.test:7000',
  'a b',
  '"><script>',
  '[::1]:1',
  '[',
  ':',
  '@',
  'a:99999',
  '',
];
const hosts = fc.oneof(
  { weight: 20, arbitrary: fc.constant('guts.test') },
  { weight: 1, arbitrary: fc.constantFrom(...HOSTS) },
);

function pathOf({ path, parameters = [] }: Operation, hint: Hint): fc.Arbitrary<string> {
  const named = parameters.filter((one) => one.in === 'path');
  const values = named.map(({ name, schema }) =>
    fc
      .oneof({ weight: 14, arbitrary: valid(schema, hint, name) }, { weight: 1, arbitrary: oddText })
      .map((value) => [name, encoded(String(value))] as const),
  );
  const projects = fc.constantFrom(...Array.from({ length: 20 }, () => ''), 'a', 'A', 'b');
  return fc.tuple(projects, ...values).map(([project, ...pairs]) => {
    const given = new Map(pairs);
    const whole = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => given.get(name) ?? '');
    return project === '' ? whole : whole.replace(/^\/v1/, `/v1/${project.repeat(32)}`);
  });
}

function queryOf({ parameters = [] }: Operation, hint: Hint): fc.Arbitrary<string> {
  const named = parameters.filter((one) => one.in === 'query');
  const given = (chance: number, { required = false }: Parameter): boolean =>
    required ? chance < 98 : chance < 10;
  const pairs = named.map((one) =>
    fc
      .tuple(fc.nat(99), valid(one.schema, hint, one.name))
      .map(([chance, value]) =>
        given(chance, one) ? `${encoded(one.name)}=${encoded(String(value))}` : null,
      ),
  );
  const key = fc.oneof(
    oddText,
    fc.constantFrom('limit', 'marker', 'sort', 'x', ...named.map(({ name }) => name)),
  );
  // Repeated, unknown, or not what it should be.
  const odd = fc.tuple(key, oddText).map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
  const raw = fc.constantFrom('&&', '=', '?', '%', '%zz=%zz', '%ff=%ff', 'limit', 'limit[]=1', 'a.b=c', '#x');
  const more = fc.oneof(
    { weight: 25, arbitrary: fc.constant<string[]>([]) },
    { weight: 2, arbitrary: odd.map((one) => [one]) },
    { weight: 1, arbitrary: raw.map((one) => [one]) },
  );
  return fc.tuple(fc.tuple(...pairs), more).map(([all, extra]) => {
    const texts = [...all.filter((one) => one !== null), ...extra];
    return texts.length === 0 ? '' : `?${texts.join('&')}`;
  });
}

/** Its body: mostly what it takes, else something near it. */
function bodyOf(
  operation: Operation,
  hint: Hint,
  asItem: fc.Arbitrary<unknown>,
): fc.Arbitrary<Buffer | null> {
  const schema = bodySchema(operation);
  if (schema === null)
    return fc.oneof(
      { weight: 15, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.constantFrom('', '{}', 'x', '[1]').map((text) => Buffer.from(text)) },
    );
  const withItems: Hint = (name, of) => (name === 'migrations' ? asItem : hint(name, of));
  const bodies = valid(schema, withItems);
  const right = bodies.map((value) => Buffer.from(JSON.stringify(value)));
  return fc.oneof(
    { weight: 14, arbitrary: right },
    { weight: 7, arbitrary: spoiled(bodies) },
    { weight: 1, arbitrary: fc.constant(null) },
  );
}

function callsOf(
  operation: Operation,
  all: readonly Operation[],
  world: World,
  asItem: fc.Arbitrary<unknown>,
): fc.Arbitrary<Call> {
  const hint = hintsFor(operation, world);
  const methods = fc.oneof(
    { weight: 30, arbitrary: fc.constant(operation.method) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'GET',
        'HEAD',
        'POST',
        'PUT',
        'PATCH',
        'DELETE',
        'OPTIONS',
        'TRACE',
        'PROPFIND',
      ),
    },
  );
  return fc
    .record({
      method: methods,
      path: pathOf(operation, hint),
      query: queryOf(operation, hint),
      body: bodyOf(operation, hint, asItem),
      token: tokens,
      more: moreHeaders,
      type: contentTypes,
      host: hosts,
      chunked: fc.nat(15).map((n) => n === 0),
    })
    .map(({ method, path, query, body, token, more, type, host, chunked }) => {
      const headers: Headers = [['host', host], ...token, ...more, ...(body === null ? [] : type)];
      const own = all.find((one) => one.path === operation.path && one.method === method) ?? null;
      const name = own?.operationId ?? 'another method';
      return callOf(own, name, { method, target: `${path}${query}`, headers, body }, chunked);
    });
}

/** Paths that no operation has, and those beside the document. */
const elsewhere: fc.Arbitrary<Call> = fc
  .record({
    method: fc.constantFrom('GET', 'GET', 'GET', 'POST', 'HEAD', 'OPTIONS'),
    path: fc.oneof(
      fc.constantFrom(
        '/',
        '/v1',
        '/v1/',
        '/v1/openapi.json',
        '/v1/docs',
        '/metrics',
        '/v2',
        '/v1/nothing',
        '//',
        '///v1',
      ),
      fc.constantFrom(
        '/v1/sources/',
        '/v1//sources',
        '/V1/SOURCES',
        '/v1/sources;x',
        '/v1/sources/a/b',
        '/v1/./sources',
      ),
      fc.constantFrom(
        '/v1/%',
        '/v1/%zz',
        '/v1/%ff',
        '/%00',
        '/v1/sources/%2e%2e',
        '/v1/sources/%',
        `/${'x'.repeat(9000)}`,
      ),
      fc.constantFrom(
        `/v1/sources/${'x'.repeat(300)}`,
        `/v1/sources/${'x'.repeat(301)}`,
        `/v1/${'a'.repeat(32)}`,
      ),
      fc.tuple(oddText, oddText).map(([a, b]) => `/v1/${encoded(a)}/${encoded(b)}`),
    ),
    token: tokens,
    more: moreHeaders,
    host: hosts,
  })
  .map(({ method, path, token, more, host }) =>
    callOf(
      null,
      'elsewhere',
      { method, target: path, headers: [['host', host], ...token, ...more], body: null },
      false,
    ),
  );

/** Every kind of call, each operation as often as any other. */
export function callsFor(document: OpenApi, world: World): fc.Arbitrary<Call> {
  const operations = operationsOf(document);
  const creation = operations.find(({ operationId }) => operationId === 'migrations.create');
  const item = creation && bodySchema(creation);
  if (!creation || !item) throw new Error('the document has no migrations.create');
  const asItem = valid(item, hintsFor(creation, world));
  return fc.oneof(
    ...operations.map((one) => ({ weight: 2, arbitrary: callsOf(one, operations, world, asItem) })),
    { weight: 5, arbitrary: elsewhere },
    { weight: 5, arbitrary: rawCalls },
  );
}
