import { expect, test } from 'vitest';
import type { Call } from './calls.ts';
import type { OpenApi, Operation } from './document.ts';
import { operationsOf } from './document.ts';
import { Judge } from './judge.ts';
import type { Answer } from './wire.ts';
import { tokenOf } from './world.ts';

const json = (schema: object) => ({ description: 'd', content: { 'application/json': { schema } } });
const DOCUMENT: OpenApi = {
  paths: {
    '/v1/things': {
      post: {
        operationId: 'things.create',
        requestBody: {
          content: { 'application/json': { schema: { type: 'object', required: ['name'] } } },
        },
        responses: {
          201: json({ type: 'object', required: ['thing'], properties: { thing: { type: 'string' } } }),
          default: json({ type: 'object', required: ['error'] }),
        },
      },
    },
  },
};
const [operation] = operationsOf(DOCUMENT) as [Operation];
const call = (more: Partial<Call> = {}): Call => ({
  operation,
  name: operation.operationId,
  method: 'POST',
  bytes: Buffer.from('POST /v1/things HTTP/1.1'),
  curl: '',
  json: { value: { name: 'n' } },
  maybeUnanswered: false,
  ends: false,
  ...more,
});
const headers = { 'content-type': 'application/json; charset=utf-8', 'x-openstack-request-id': 'r' };
const good: Answer = { status: 201, headers, body: '{"thing":"t"}', took: 1 };
const failed = (status: number, more: object = {}): Answer => ({
  ...good,
  status,
  body: JSON.stringify({
    error: { code: status, guts_code: 'bad_request', message: '', remedy: null, request_id: 'r', ...more },
  }),
});

test('nothing is said of what is as documented', () => {
  const judge = new Judge(DOCUMENT);
  expect(judge.faults(call(), good)).toEqual([]);
  expect(judge.faults(call({ json: null }), failed(400))).toEqual([]);
  expect(judge.faults(call({ maybeUnanswered: true }), null)).toEqual([]);
});

test.for<[string, Answer | null, RegExp, Partial<Call>?]>([
  ['no answer', null, /no answer/],
  ['a slow one', { ...good, took: 6000 }, /took 6000 ms/],
  ['no request id', { ...good, headers: { 'content-type': 'application/json' } }, /no request id/],
  ['another request id', failed(400, { request_id: 'x' }), /request id is another/],
  ['a failure', failed(500, { guts_code: 'internal' }), /failure of the API/],
  ['another status', { ...good, status: 202 }, /202 is not documented/],
  ['another schema', { ...good, body: '{"thing":1}' }, /must be string/],
  ['no JSON', { ...good, body: '<html>' }, /no JSON/],
  ['another type', { ...good, headers: { ...headers, 'content-type': 'text/html' } }, /content type/],
  ['an error without an envelope', { ...failed(400), body: '{}' }, /required/],
  ['a code of another status', failed(409), /bad_request is not answered with 409/],
  ['a stack', failed(400, { message: 'x\n    at f (a.ts:1:1)' }), /internal/],
  ['SQL', failed(400, { message: 'select * from sources' }), /internal/],
  ['a token', { ...good, body: JSON.stringify({ thing: tokenOf('a-admin') }) }, /repeats a token/],
  ['what it should have refused', good, /accepted/, { json: { value: {} } }],
])('%s is a fault', ([, answer, wanted, more]) => {
  expect(new Judge(DOCUMENT).faults(call(more), answer).join('; ')).toMatch(wanted);
});
