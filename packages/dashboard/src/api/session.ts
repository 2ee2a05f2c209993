import {
  ApiCallError,
  CSRF_HEADER,
  type DashboardLogin,
  type DashboardSession,
  type ErrorCode,
} from '@guts/contract';
import type { Boot } from '../boot.ts';

/** How one may log in here, and who is. */
export type SessionState = DashboardSession;
export type LoginWay = DashboardSession['login'][number];
export type Credential = DashboardLogin;

interface Refusal {
  readonly message?: string;
  readonly guts_code?: string;
  readonly remedy?: string | null;
  readonly request_id?: string;
}

/** The session that guts-api keeps in a cookie which no script can read. */
export class SessionClient {
  readonly #address: string;
  readonly #fetch: typeof fetch;

  constructor(boot: Boot, fetchOf: typeof fetch) {
    this.#address = `${boot.base}session`;
    this.#fetch = fetchOf;
  }

  /** @throws ApiCallError */
  async show(): Promise<SessionState> {
    return (await this.#ask('GET')) as SessionState;
  }

  /** @throws ApiCallError 401 when the credential is wrong */
  async open(credential: Credential): Promise<SessionState> {
    return (await this.#ask('POST', { body: credential })) as SessionState;
  }

  /** @throws ApiCallError */
  async close(csrf: string | null): Promise<void> {
    await this.#ask('DELETE', csrf === null ? {} : { csrf });
  }

  async #ask(method: string, { body, csrf }: { body?: unknown; csrf?: string } = {}): Promise<unknown> {
    const answer = await this.#fetch(this.#address, {
      method,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(csrf === undefined ? {} : { [CSRF_HEADER]: csrf }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((cause: unknown) => {
      throw new ApiCallError('GUTS does not answer.', { status: 0, code: 'unreachable', cause });
    });
    if (answer.status === 204) return undefined;
    const text = await answer.text();
    if (answer.ok) return JSON.parse(text);
    throw toCallError(answer.status, text);
  }
}

/** The error in an answer that has one, whoever gave it. */
export function toCallError(status: number, text: string): ApiCallError {
  let error: Refusal = {};
  try {
    error = (JSON.parse(text) as { error?: Refusal }).error ?? {};
  } catch {
    // Not ours: a proxy's page.
  }
  return new ApiCallError(error.message ?? `HTTP ${status}`, {
    status,
    code: (error.guts_code ?? 'internal') as ErrorCode,
    remedy: error.remedy ?? null,
    requestId: error.request_id ?? null,
  });
}
