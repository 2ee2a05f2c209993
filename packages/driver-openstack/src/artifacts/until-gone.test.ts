import { ApiError, UnreachableError } from '@guts/openstack';
import { describe, expect, test } from 'vitest';
import { type Presence, type Removal, untilGone } from './until-gone.ts';

const signal = AbortSignal.timeout(20_000);

function removal(looks: readonly Presence[], ask: Removal['ask'] = () => Promise.resolve()): Removal {
  let at = -1;
  const look = (): Promise<Presence> => {
    at += 1;
    return Promise.resolve(looks[Math.min(at, looks.length - 1)] ?? 'absent');
  };
  return { what: 'thing x', deadlineSeconds: 0.3, signal, look, ask };
}
const refusal = (status: number): ApiError =>
  new ApiError({
    service: 'volume',
    method: 'DELETE',
    path: '/x',
    status,
    faultName: 'conflict',
    detail: 'still in use',
    requestId: null,
    retryAfter: null,
  });

describe('a removal', () => {
  test('of what is not there does nothing', async () => {
    expect(await untilGone(removal(['absent'], () => Promise.reject(new Error('asked'))))).toBe('absent');
  });

  test('waits for a deletion that somebody else began', async () => {
    const never = (): Promise<never> => Promise.reject(new Error('asked'));
    expect(await untilGone(removal(['going', 'absent'], never))).toBe('removed');
  });

  test.for([refusal(409), refusal(404), new UnreachableError('volume', 'reset', false)])(
    'goes on after %s',
    async (failure) => {
      expect(await untilGone(removal(['there', 'absent'], () => Promise.reject(failure)))).toBe('removed');
    },
  );

  test.for([refusal(403), new UnreachableError('volume', 'refused', true)])(
    'ends with %s',
    async (failure) => {
      await expect(untilGone(removal(['there'], () => Promise.reject(failure)))).rejects.toBe(failure);
    },
  );

  test.for([
    [['there'], /thing x cannot be deleted: .*still in use/],
    [[{ held: 'it is in-use' }], /thing x cannot be deleted: it is in-use/],
    [['going'], /waited 0.3 seconds for thing x to be deleted/],
  ] as const)('says at the deadline why: %j', async ([looks, message]) => {
    const ask = (): Promise<never> => Promise.reject(refusal(409));
    await expect(untilGone(removal(looks, ask))).rejects.toThrow(message);
  });
});
