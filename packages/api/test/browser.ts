import type { DashboardSession } from '@guts/contract';
import type { Log } from '@guts/core';
import type { Api } from '../src/index.ts';

type Method = 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'DELETE';

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly body: never;
}

/** As much of a browser as the dashboard's session needs: it keeps the cookie, and the token against forgery. */
export class Browser {
  readonly #api: Pick<Api, 'inject'>;
  cookie: string | null = null;
  csrf: string | null = null;

  constructor(api: Pick<Api, 'inject'>) {
    this.#api = api;
  }

  /** @param headers over those that it sends itself; an empty text leaves one out */
  async ask(
    method: Method,
    url: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answered> {
    const own = {
      'sec-fetch-site': 'same-origin',
      ...(this.cookie === null ? {} : { cookie: `other=1; ${this.cookie}; another=2` }),
      ...(this.csrf === null || method === 'GET' ? {} : { 'x-csrf-token': this.csrf }),
    };
    const all = Object.entries({ ...own, ...headers }).filter(([, value]) => value !== '');
    const answer = await this.#api.inject({
      method,
      url,
      headers: Object.fromEntries(all),
      ...(body === undefined ? {} : { payload: body as object }),
    });
    const set = answer.headers['set-cookie'];
    if (typeof set === 'string') this.cookie = set.includes('Max-Age=0') ? null : (set.split(';')[0] ?? null);
    const json = String(answer.headers['content-type']).startsWith('application/json');
    const { statusCode: status, headers: got, body: text } = answer;
    return { status, headers: got, text, body: (json ? answer.json() : null) as never };
  }

  async session(): Promise<DashboardSession> {
    return (await this.ask('GET', '/dashboard/session')).body;
  }

  /** @throws Error unless it is let in */
  async signIn(login: object): Promise<NonNullable<DashboardSession['session']>> {
    const { status, body, text } = await this.ask('POST', '/dashboard/session', login);
    const { session } = (status === 200 ? body : { session: null }) as DashboardSession;
    if (!session) throw new Error(`not let in: ${status} ${text}`);
    this.csrf = session.csrf_token;
    return session;
  }
}

/** The code of a link. */
export const codeOf = (link: string): string => new URL(link, 'http://guts.test').hash.replace('#code=', '');

/** A log that keeps every line, as text: errors with their causes. */
export function recordingLog(lines: string[] = []): Log & { readonly lines: readonly string[] } {
  const text = (value: unknown): unknown =>
    value instanceof Error
      ? [value.message, value.stack, text(value.cause), ...Object.entries(value)]
      : value;
  const keep = (fields: object, message: string): void => {
    lines.push(`${message} ${JSON.stringify(fields, (_key, value: unknown) => text(value))}`);
  };
  return {
    lines,
    debug: keep,
    info: keep,
    warn: keep,
    error: keep,
    child: (fields) => {
      keep(fields, 'child');
      return recordingLog(lines);
    },
  };
}
