import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ApiError, isOverQuota, isStatus } from './errors.ts';
import { readFault, retryAfterSeconds } from './faults.ts';

const api = (status: number, faultName: string, detail: string): ApiError =>
  new ApiError({
    status,
    faultName,
    detail,
    service: 'x',
    method: 'GET',
    path: '/',
    requestId: null,
    retryAfter: null,
  });

// Envelopes as the services send them.
test.for([
  ['{"itemNotFound": {"code": 404, "message": "no server"}}', 'itemNotFound', 'no server'],
  [
    '{"NeutronError": {"type": "OverQuota", "message": "Quota exceeded", "detail": ""}}',
    'OverQuota',
    'Quota exceeded',
  ],
  ['{"error": {"code": 401, "title": "Unauthorized", "message": "who?"}}', 'Unauthorized', 'who?'],
  ['{"message": "plain", "code": "x"}', 'message', 'plain'],
  [
    '<html><head><title>409 Conflict</title></head><body><h1>409 Conflict</h1>Image is active<br/></body></html>',
    'Error',
    '409 Conflict Image is active',
  ],
  ['', 'Error', ''],
  ['{"NeutronError": {"type": 3, "message": ["odd"]}}', 'NeutronError', ''],
  ['{"error": null}', 'Error', '{"error": null}'],
] as const)('%s', ([text, faultName, detail]) => {
  expect(readFault(text)).toEqual({ faultName, detail });
});

test('whatever a proxy answers, there is a name and a bounded text', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 3000 }), fc.json()), (text) => {
      const fault = readFault(text);
      expect(typeof fault.faultName).toBe('string');
      expect(fault.detail.length).toBeLessThanOrEqual(1001);
    }),
  );
});

test.for([
  [null, null],
  ['3', 3],
  ['Thu, 01 Jan 1970 00:01:00 GMT', 50],
  ['Thu, 01 Jan 1970 00:00:01 GMT', 0],
  ['soon', null],
] as const)('Retry-After %j is %j seconds at ten past', ([value, seconds]) => {
  expect(retryAfterSeconds(value, 10_000)).toBe(seconds);
});

test.for([
  [413, 'overLimit', 'VolumeSizeExceedsAvailableQuota', true],
  [403, 'forbidden', 'Quota exceeded for cores: Requested 4, but already used 20 of 20 cores', true],
  [409, 'OverQuota', "Quota exceeded for resources: ['port'].", true],
  [403, 'PolicyNotAuthorized', 'rule:create_port:mac_address is disallowed by policy', false],
  [409, 'IpAddressAlreadyAllocated', 'IP address 10.0.0.1 already allocated', false],
] as const)('%i %s: over quota %j', ([status, name, detail, over]) => {
  expect(isOverQuota(api(status, name, detail))).toBe(over);
});

test('only answers have a status', () => {
  expect(isStatus(api(404, 'a', 'b'), 403, 404)).toBe(true);
  expect(isStatus(api(404, 'a', 'b'), 403)).toBe(false);
  expect(isStatus({ status: 404 }, 404)).toBe(false);
});
