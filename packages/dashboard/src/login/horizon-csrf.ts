import type { Csrf } from '../api/calls.ts';
import type { Boot } from '../boot.ts';

/**
 * What Horizon wants to see of a call that changes something. Its token changes with every login, in another tab too: the
 * cookie has the newest.
 * @param cookies as `document.cookie` gives them
 */
export function horizonCsrf({ header, token, cookie }: NonNullable<Boot['csrf']>, cookies: string): Csrf {
  const pairs = cookies.split('; ').map((one) => one.split('='));
  const [, newest] = pairs.find(([name]) => name === cookie) ?? [];
  return { header, token: newest === undefined || newest === '' ? token : newest };
}
