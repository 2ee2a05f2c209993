import { ApiClient, type Answer, type Init } from '@guts/contract';
import type { Boot } from '../boot.ts';

/** A header that a changing call must have, so that no other page can make a browser send it. */
export interface Csrf {
  readonly header: string;
  readonly token: string;
}

/** What every answer is looked at for, beside who asked. */
export interface CallHooks {
  /** Of the session as it is now; null: there is none. */
  readonly csrf: () => Csrf | null;
  /** The session is over. */
  readonly onExpired: () => void;
  /** It may not do that: perhaps not any more. */
  readonly onForbidden: () => void;
}

const SAFE = ['GET', 'HEAD'];

/** guts-api, called as who has the session. */
export function createCalls(boot: Boot, fetchOf: typeof fetch, hooks: CallHooks): ApiClient {
  const send = async (url: string, init: Init): Promise<Answer> => {
    const csrf = SAFE.includes(init.method ?? 'GET') ? null : hooks.csrf();
    const answer = await fetchOf(url, {
      ...init,
      credentials: 'same-origin',
      headers: { ...init.headers, ...(csrf ? { [csrf.header]: csrf.token } : {}) },
    });
    if (answer.status === 401) hooks.onExpired();
    if (answer.status === 403) hooks.onForbidden();
    return answer;
  };
  return new ApiClient({
    fetch: send,
    baseUrl: boot.api,
    headers: { 'openstack-api-version': 'migration 1.0' },
  });
}
