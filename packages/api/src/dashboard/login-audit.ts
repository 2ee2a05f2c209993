import type { DashboardLogin, DashboardSession } from '@guts/contract';
import { GutsError, PROJECT_LOCAL, PROJECT_SYSTEM } from '@guts/core';
import type { ApiParts } from '../api-parts.ts';
import { RateLimit } from '../bounds/rate-limit.ts';
import type { Session } from './sessions.ts';

/** Refused attempts that are written down per minute: nobody who guesses fills the database. */
const REFUSED_PER_MINUTE = 60;

type By = keyof DashboardLogin;
/** Who asks, as far as that is known before anybody is signed in. */
export interface Asker {
  readonly requestId: string;
  /** Of the client, or of the proxy before us. */
  readonly address: string;
}

export function wayOf(body: DashboardLogin): By {
  return body.password ? 'password' : body.application_credential ? 'application_credential' : 'link';
}

/** Who signed in to the dashboard, out of it, and was refused: in the audit log. */
export class LoginAudit {
  readonly #parts: Pick<ApiParts, 'store' | 'authenticate' | 'clock' | 'log' | 'newId'>;
  /** Owner of what is not about a project that is known. */
  readonly #nowhere: string;
  readonly #rate: RateLimit;
  /** Refused attempts since the last one that was written down. */
  #unlisted = 0;

  /** @param by how people sign in: with the local token there is one project only, whose people are to see all */
  constructor(
    parts: Pick<ApiParts, 'store' | 'authenticate' | 'clock' | 'log' | 'newId'>,
    by: 'keystone' | 'link',
  ) {
    this.#parts = parts;
    this.#nowhere = by === 'link' ? PROJECT_LOCAL : PROJECT_SYSTEM;
    this.#rate = new RateLimit(REFUSED_PER_MINUTE, parts.clock);
  }

  /**
   * Before the session is given away: none begins that is not written down.
   * @param link id of the link that signed in
   * @throws GutsError `database_unavailable`
   */
  async signedIn(
    { requestId, address }: Asker,
    { id }: Session,
    known: NonNullable<DashboardSession['session']>,
    how: { readonly by: By; readonly link: string | null },
  ): Promise<void> {
    const data = { by: how.by, ...(how.link === null ? {} : { link_id: how.link }), address };
    await this.#add('dashboard.login', requestId, id, {
      projectId: known.project_id,
      userId: known.user_id,
      data,
    });
  }

  /**
   * Of a session that has ended already, and whose token still works if it ever will. Never throws: that somebody is
   * signed out must not hang on it.
   */
  async signedOut({ requestId, address }: Asker, { id, token }: Session): Promise<void> {
    try {
      // The line has the session's id when its token is good for nothing, and who asks is not known any more.
      const caller = await this.#parts.authenticate(token).catch(() => null);
      const { projectId, userId } = caller ?? { projectId: null, userId: null };
      await this.#add('dashboard.logout', requestId, id, { projectId, userId, data: { address } });
    } catch (error) {
      this.#parts.log.warn({ err: error, request_id: requestId }, 'that somebody signed out is not audited');
    }
  }

  /** Of an attempt that is refused in any case. Not who tried: some type the password there. Never throws. */
  async refused({ requestId, address }: Asker, by: By, reason: unknown): Promise<void> {
    const code = reason instanceof GutsError ? reason.code : 'internal';
    this.#parts.log.info({ request_id: requestId, address, code }, 'a login was refused');
    try {
      this.#rate.take('all');
    } catch {
      this.#unlisted += 1;
      return;
    }
    const unlisted = this.#unlisted === 0 ? {} : { unlisted_before: this.#unlisted };
    this.#unlisted = 0;
    try {
      const data = { by, code, address, ...unlisted };
      await this.#add('dashboard.login_refused', requestId, null, { projectId: null, userId: null, data });
    } catch (error) {
      this.#parts.log.warn({ err: error, request_id: requestId }, 'a refused login is not audited');
    }
  }

  async #add(
    action: string,
    requestId: string,
    resourceId: string | null,
    { projectId, userId, data }: { projectId: string | null; userId: string | null; data: object },
  ): Promise<void> {
    const { store, newId } = this.#parts;
    const line = {
      id: newId(),
      projectId: projectId ?? this.#nowhere,
      userId,
      requestId,
      action,
      resourceId,
    };
    await store.addAudit({ ...line, data: { ...data } });
  }
}
