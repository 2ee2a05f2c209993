import { randomBytes, timingSafeEqual } from 'node:crypto';
import { type Clock, GutsError, type Log, type Secrets } from '@guts/core';
import type { FastifyRequest } from 'fastify';
import type { GotToken } from './logins.ts';

export const SESSION_COOKIE = 'guts_session';
/** What the seal is bound to. */
const CONTEXT = 'dashboard session';
/** What browsers keep of one cookie, its name and attributes included (RFC 6265, section 6.1). */
const COOKIE_BYTES = 4096;
const ATTRIBUTES = '; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0'.length;
const CSRF_BYTES = 32;
/** Sessions that were ended here and are remembered as that. */
const ENDED = 10_000;

/** Somebody who is signed in. All of it is in the cookie, sealed: any guts-api of the installation can open it. */
export interface Session extends GotToken {
  readonly id: string;
  readonly csrfToken: string;
}

function read(content: Readonly<Record<string, unknown>>): Session | null {
  const { id, token, expiresAt, userName, projectName, csrfToken } = content as Partial<Session>;
  if (typeof id !== 'string' || typeof token !== 'string' || typeof csrfToken !== 'string') return null;
  if (typeof expiresAt !== 'number' || userName === undefined || projectName === undefined) return null;
  return { id, token, expiresAt, userName, projectName, csrfToken };
}

/** The value of the cookie in a request; null: none, or several, of which somebody else may have set one. */
function cookieOf(request: Pick<FastifyRequest, 'headers'>): string | null {
  const prefix = `${SESSION_COOKIE}=`;
  const found = (request.headers.cookie ?? '')
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one.startsWith(prefix));
  return found.length === 1 ? (found[0] ?? '').slice(prefix.length) : null;
}

/** Whether a request comes with a session's cookie at all, good or not. */
export function bringsSession({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return (headers.cookie ?? '').split(';').some((one) => one.trim().startsWith(`${SESSION_COOKIE}=`));
}

export interface SessionParts {
  readonly secrets: Secrets;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly newId: () => string;
  /** Clients come by TLS: the cookie is never sent without. */
  readonly secure: boolean;
}

/** Sessions of the dashboard: made, read from the cookie, and ended. */
export class Sessions {
  readonly #parts: SessionParts;
  /** Those that were signed out here: a copy of the cookie opens nothing any more. Id → when it ends by itself. */
  readonly #ended = new Map<string, number>();

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /**
   * @returns the session, and the header that gives it to the browser
   * @throws GutsError `unsupported` when the token is too long for a cookie
   */
  begin(got: GotToken): { readonly session: Session; readonly setCookie: string } {
    const { secrets, newId } = this.#parts;
    const csrfToken = randomBytes(CSRF_BYTES).toString('base64url');
    const { token, expiresAt, userName, projectName } = got;
    const session: Session = { id: newId(), csrfToken, token, expiresAt, userName, projectName };
    const value = secrets.seal({ ...session }, CONTEXT);
    if (SESSION_COOKIE.length + 1 + value.length + ATTRIBUTES > COOKIE_BYTES)
      throw new GutsError('unsupported', "Keystone's token is too long for a browser's cookie", {
        remedy: 'Let Keystone make fernet tokens, or use the command line.',
      });
    return { session, setCookie: this.#cookie(value, '') };
  }

  /** Null: the request has none, or one that has ended, was signed out, or is none of ours. */
  of(request: Pick<FastifyRequest, 'headers'>): Session | null {
    const { secrets, log } = this.#parts;
    const sealed = cookieOf(request);
    if (sealed === null) return null;
    try {
      const session = read(secrets.open(sealed, CONTEXT));
      return session && this.isGood(session) ? session : null;
    } catch (error) {
      // Sealed by a key that was retired, or made up.
      if (!(error instanceof GutsError) || error.code !== 'configuration') throw error;
      log.debug({ err: error }, 'the cookie of a session does not open');
      return null;
    }
  }

  /** Neither over nor signed out. */
  isGood({ id, expiresAt }: Session): boolean {
    return this.#parts.clock.now() < expiresAt && !this.#ended.has(id);
  }

  end({ id, expiresAt }: Session): void {
    const now = this.#parts.clock.now();
    for (const [one, until] of this.#ended) if (until <= now) this.#ended.delete(one);
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size < ENDED) break;
      this.#ended.delete(oldest);
    }
    this.#ended.set(id, expiresAt);
  }

  /** The header that takes the cookie away. */
  get clearCookie(): string {
    return this.#cookie('', '; Max-Age=0');
  }

  #cookie(value: string, more: string): string {
    return `${SESSION_COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict${this.#parts.secure ? '; Secure' : ''}${more}`;
  }
}

/** Whether a header has the session's token against forged requests. */
export function hasCsrfToken({ csrfToken }: Session, given: string | readonly string[] | undefined): boolean {
  if (typeof given !== 'string') return false;
  const [wanted, shown] = [Buffer.from(csrfToken), Buffer.from(given)];
  return wanted.length === shown.length && timingSafeEqual(wanted, shown);
}
