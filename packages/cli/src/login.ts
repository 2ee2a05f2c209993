import type { Answer, Fetch } from '@guts/contract';
import type { TellExchange } from './trace-http.ts';

/** A login at Keystone, as far as a client of guts-api needs it. */
export interface Login {
  readonly projectId: string;
  /** Where the catalog has the service of type `migration`; null: it has none. */
  readonly endpoint: string | null;
  /** The token. @param refused one that guts-api no longer takes: a new one is got. @throws ApiCallError */
  token(signal: AbortSignal, refused?: string): Promise<string>;
  close(): Promise<void>;
}

/** Which cloud to log in to: by name in clouds.yaml, else by the OS_* variables. */
export interface CloudChoice {
  readonly cloud: string | null;
  /** With the command line's options over it. */
  readonly env: NodeJS.ProcessEnv;
}

/** Logs in. @param tell hears of every request to Keystone @throws ApiCallError */
export type OpenLogin = (choice: CloudChoice, signal: AbortSignal, tell?: TellExchange) => Promise<Login>;

/** How long a login may take where the call itself has no end; ms. */
const LOGIN_MS = 120_000;

/** Sends Keystone's token with every call; a call that it is refused for is sent once more with a new one. */
export function withLogin(fetch: Fetch, login: Login): Fetch {
  return async (url, init) => {
    const signal = init.signal ?? AbortSignal.timeout(LOGIN_MS);
    const send = (token: string): Promise<Answer> =>
      fetch(url, { ...init, headers: { ...init.headers, 'x-auth-token': token } });
    const used = await login.token(signal);
    const answer = await send(used);
    if (answer.status !== 401) return answer;
    await answer.text();
    return send(await login.token(signal, used));
  };
}

/** The address of guts-api as a catalog, or who overrules it, has it: the project may be left to be filled in. */
export function apiBase(endpoint: string, projectId: string): string {
  return endpoint.replaceAll(/[%$]\((?:project|tenant)_id\)s/g, projectId);
}
