import { ApiCallError } from '@guts/contract';
import { expect, test } from 'vitest';
import { isLasting, isRefusal, refusalAt } from './refusal.ts';

const of = (status: number, requestId: string | null = 'req-1') =>
  new ApiCallError('no', { status, code: 'internal', requestId });

test.each([
  ['a role that is lacking', of(403), true, true],
  ['too many requests', of(429), true, true],
  ["a proxy's refusal", of(403, null), true, true],
  ["guts-api's own trouble", of(503), true, false],
  ['a proxy whose guts-api is away', of(502, null), false, false],
  ['nobody who answers', of(0, null), false, true],
  ['a page that cannot listen', new Error('no endpoint'), true, true],
] as const)('%s', (_what, error, refusal, lasting) => {
  expect([isRefusal(error), isLasting(error)]).toEqual([refusal, lasting]);
});

test('why a stream does not open is asked for, and a stream that opens now is not kept', async () => {
  const error = { message: 'not yours', guts_code: 'forbidden', remedy: 'ask', request_id: 'req-1' };
  const refused = () => Promise.resolve(Response.json({ error }, { status: 403 }));
  expect(await refusalAt('/stream', refused)).toMatchObject({
    message: 'not yours',
    status: 403,
    code: 'forbidden',
    remedy: 'ask',
    requestId: 'req-1',
  });
  let cancelled = false;
  const body = new ReadableStream({ cancel: () => void (cancelled = true) });
  expect(await refusalAt('/stream', () => Promise.resolve(new Response(body)))).toBeNull();
  expect(cancelled).toBe(true);
  expect(await refusalAt('/stream', () => Promise.reject(new TypeError('away')))).toBeNull();
});
