import fc from 'fast-check';
import type { Call } from './calls.ts';
import { tokenOf } from './world.ts';

const TOKEN = `x-auth-token: ${tokenOf('a-admin')}`;
const HOST = 'host: guts.test';
const lines = (...all: string[]): string => [...all, '', ''].join('\r\n');
const asked = (first: string, ...more: string[]): string =>
  lines(first, HOST, TOKEN, 'connection: close', ...more);
const POST = 'POST /v1/mappings HTTP/1.1';
const JSON_TYPE = 'content-type: application/json';

/** Whole requests, though odd ones: each is answered. */
const WHOLE: readonly string[] = [
  asked('GET * HTTP/1.1'),
  asked('OPTIONS * HTTP/1.1'),
  asked('POST * HTTP/1.1', 'content-length: 0'),
  asked('GET http://guts.test/v1/sources HTTP/1.1'),
  asked('GET http://guts.test HTTP/1.1'),
  asked('GET http://[/ HTTP/1.1'),
  asked('GET https:///v1/sources HTTP/1.1'),
  asked('GET ? HTTP/1.1'),
  asked('GET v1/sources HTTP/1.1'),
  asked('GET /v1/sources HTTP/1.1'.replace('s H', 's\u00e9 H')),
  asked('GET /v1/sources#x HTTP/1.1'),
  asked('GET /v1/sources?limit=1&limit=2 HTTP/1.1'),
  asked('GET //v1/sources HTTP/1.1'),
  asked('GET /v1/../v1/sources HTTP/1.1'),
  asked('GET \\v1\\sources HTTP/1.1'),
  lines('GET /v1/sources HTTP/1.1', TOKEN, 'connection: close'),
  lines('GET /v1/sources HTTP/1.1', 'host:', TOKEN, 'connection: close'),
  lines('GET /v1 HTTP/1.0', 'openstack-api-version: migration 1.1'),
  lines('GET /v1/sources?limit=1 HTTP/1.0', TOKEN, 'openstack-api-version: migration 1.1'),
  asked('GET /v1/sources HTTP/1.1', HOST),
  asked('GET /v1/sources HTTP/1.1', 'host: other.test'),
  asked('GET /v1/sources HTTP/1.1', TOKEN),
  asked('GET /v1/sources HTTP/1.1', 'expect: the-unexpected'),
  asked('GET /v1/sources HTTP/1.1', 'x: \u00ff\u00fe'),
  asked('GET /v1/sources HTTP/1.1', 'x:'),
  asked('GET /v1/sources HTTP/1.1', ...Array.from({ length: 150 }, (_, n) => `x-${n}: v`)),
  asked('GET /v1/sources HTTP/1.1', `x: ${'v'.repeat(20_000)}`),
  asked(`GET /v1/${'x'.repeat(20_000)} HTTP/1.1`),
  asked(`GET /v1/sources?name=${'x'.repeat(10_000)} HTTP/1.1`),
  asked(POST, JSON_TYPE, 'content-length: 0'),
  asked(POST, JSON_TYPE, 'transfer-encoding: chunked').concat('0\r\n\r\n'),
  asked(POST, JSON_TYPE, 'transfer-encoding: chunked').concat('2;x=y\r\n{}\r\n0\r\nx: y\r\n\r\n'),
  asked(POST, 'content-length: 2').concat('{}'),
  lines('GET /dashboard HTTP/1.1', HOST, 'connection: close'),
  lines('GET /dashboard/../v1/sources HTTP/1.1', HOST, 'connection: close'),
  lines('GET /dashboard/session HTTP/1.1', HOST, 'cookie: guts_session=a.b.c; x', 'connection: close'),
  lines(
    'POST /dashboard/session HTTP/1.1',
    HOST,
    JSON_TYPE,
    'connection: close',
    'content-length: 21',
  ).concat('{"link":{"code":"x"}}'),
  lines('GET /v1/me HTTP/1.1', HOST, 'cookie: guts_session="', 'connection: close'),
  lines(
    'POST /v1/mappings HTTP/1.1',
    HOST,
    'cookie: guts_session=;=',
    'connection: close',
    'content-length: 0',
  ),
  lines('GET /v1/events/stream?ticket=x HTTP/1.1', HOST, 'origin: null', 'connection: close'),
];
/** No HTTP, or not all of it: to close the connection is an answer, too. */
const BROKEN: readonly string[] = [
  '\r\n\r\n',
  '\0\0\0\0\r\n\r\n',
  'GET\r\n\r\n',
  'GET /\r\n\r\n',
  'HELO example.org\r\n\r\n',
  '\u0016\u0003\u0001\u0002\u0000',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  asked('get /v1/sources HTTP/1.1'),
  asked('GET /v1/sources HTTP/1.2'),
  asked('GET /v1/sources HTTP/2.0'),
  asked('GET  /v1/sources HTTP/1.1'),
  asked('GET /v1/\0 HTTP/1.1'),
  asked('GET /v1/so urces HTTP/1.1'),
  asked('GET /v1/sources HTTP/1.1', 'a b: c'),
  asked('GET /v1/sources HTTP/1.1', ': c'),
  asked('GET /v1/sources HTTP/1.1', 'x: a\0b'),
  asked('GET /v1/sources HTTP/1.1', ' folded'),
  asked('CONNECT guts.test:443 HTTP/1.1'),
  asked(POST, JSON_TYPE, 'content-length: -1'),
  asked(POST, JSON_TYPE, 'content-length: x'),
  asked(POST, JSON_TYPE, 'content-length: 2', 'content-length: 3').concat('{}'),
  asked(POST, JSON_TYPE, 'content-length: 2', 'transfer-encoding: chunked').concat('0\r\n\r\n'),
  asked(POST, JSON_TYPE, 'transfer-encoding: gzip').concat('{}'),
  asked(POST, JSON_TYPE, 'transfer-encoding: chunked').concat('zz\r\n{}'),
  asked(POST, JSON_TYPE, 'transfer-encoding: chunked').concat('ff\r\n{}'),
  asked(POST, JSON_TYPE, 'content-length: 100').concat('{"name":'),
  'POST /v1/mappings HTTP/1.1\r\nhost: guts.test\r\n',
];

const callOf = (text: string, broken: boolean): Call => ({
  operation: null,
  name: broken ? 'no HTTP' : 'odd HTTP',
  method: text.split(' ')[0] ?? '',
  bytes: Buffer.from(text, 'latin1'),
  curl: null,
  json: null,
  maybeUnanswered: broken,
  ends: broken,
});

/** Requests that no client would send. */
export const rawCalls: fc.Arbitrary<Call> = fc.oneof(
  fc.constantFrom(...WHOLE).map((text) => callOf(text, false)),
  fc.constantFrom(...BROKEN).map((text) => callOf(text, true)),
  fc.tuple(fc.constantFrom(...WHOLE, ...BROKEN), fc.nat(5000), fc.nat(255)).map(([text, at, byte]) => {
    const place = at % text.length;
    return callOf(`${text.slice(0, place)}${String.fromCodePoint(byte)}${text.slice(place + 1)}`, true);
  }),
);
