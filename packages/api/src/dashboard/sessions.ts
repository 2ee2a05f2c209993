import { randomBytes, timingSafeEqual } from 'node:crypto';
import { type Clock, GutsError, type Log, type Secrets } from '@guts/core';
import type { FastifyRequest } from 'fastify';
import type { GotToken } from './logins.ts';

const NAME = 'guts_session';
/** What the seal is bound to. */
const CONTEXT = 'dashboard session';
/** What browsers keep of one cookie, its name and attributes included (RFC 6265, section 6.1). */
const COOKIE_BYTES = 4096;
const ATTRIBUTES = '; Path=; HttpOnly; SameSite=Strict; Secure; Max-Age=0'.length;
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

/** The values of the cookies of a name in a request. */
function cookiesOf({ headers }: Pick<FastifyRequest, 'headers'>, name: string): string[] {
  return (headers.cookie ?? '')
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one.startsWith(`${name}=`))
    .map((one) => one.slice(name.length + 1));
}

export interface SessionParts {
  readonly secrets: Secrets;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly newId: () => string;
  /** Clients come by TLS: the cookie is never sent without. */
  readonly secure: boolean;
  /** Path before all of ours, without a slash at its end; empty: none. */
  readonly prefix: string;
}

/** Sessions of the dashboard: made, read from the cookie, and ended. */
export class Sessions {
  /** With a path it has one of its own: browsers send those of the paths above, too. */
  readonly cookieName: string;
  readonly #parts: SessionParts;
  /** Those that were signed out here: a copy of the cookie opens nothing any more. Id → when it ends by itself. */
  readonly #ended = new Map<string, number>();

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.cookieName = `${NAME}${parts.prefix.replaceAll(/[^A-Za-z0-9]/g, '-')}`;
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
    const path = this.#parts.prefix.length + 1;
    if (this.cookieName.length + 1 + value.length + path + ATTRIBUTES > COOKIE_BYTES)
      throw new GutsError('unsupported', "Keystone's token is too long for a browser's cookie", {
        remedy: 'Let Keystone make fernet tokens, or use the command line.',
      });
    return { session, setCookie: this.#cookie(value, '') };
  }

  /** Null: the request has none, or one that has ended, was signed out, or is none of ours. */
  of(request: Pick<FastifyRequest, 'headers'>): Session | null {
    const { secrets, log } = this.#parts;
    const [sealed, ...others] = cookiesOf(request, this.cookieName);
    // Of several somebody else may have set one.
    if (sealed === undefined || others.length > 0) return null;
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

  /** Whether a request comes with a session's cookie at all, good or not. */
  isBrought(request: Pick<FastifyRequest, 'headers'>): boolean {
    return cookiesOf(request, this.cookieName).length > 0;
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
    const { prefix, secure } = this.#parts;
    const path = prefix === '' ? '/' : prefix;
    return `${this.cookieName}=${value}; Path=${path}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}${more}`;
  }
}

/** Whether a header has the session's token against forged requests. */
export function hasCsrfToken({ csrfToken }: Session, given: string | readonly string[] | undefined): boolean {
  if (typeof given !== 'string') return false;
  const [wanted, shown] = [Buffer.from(csrfToken), Buffer.from(given)];
  return wanted.length === shown.length && timingSafeEqual(wanted, shown);
}
