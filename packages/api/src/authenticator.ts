import { GutsError, PROJECT_LOCAL } from '@guts/core';
import { createHash, timingSafeEqual } from 'node:crypto';

/** Who asks. */
export interface Caller {
  /** Null: the token is of the whole system, and the path names no project. */
  readonly projectId: string | null;
  /** Null: the bearer of the local token, who is nobody in particular. */
  readonly userId: string | null;
  /** Names of the roles in that project. */
  readonly roles: readonly string[];
  /** The token is scoped to the whole system. */
  readonly system: boolean;
}
/** The project in which the caller acts. @throws GutsError `bad_request`: there is none */
export function ownProject({ projectId }: Pick<Caller, 'projectId'>): string {
  if (projectId !== null) return projectId;
  throw new GutsError('bad_request', 'the token is of the whole system, and this is about a project', {
    remedy: 'Name the project in the path, /v1/PROJECT-ID/…, or ask with a token of the project.',
  });
}

/**
 * Null: nobody we know.
 * @throws GutsError `forbidden`: known, but of no use here; `identity_unavailable`: who it is cannot be found out now
 */
export type Authenticator = (token: string | null) => Promise<Caller | null>;

/** The embedded mode: one generated token, whose bearer may do everything. */
export function tokenAuthenticator(token: string): Authenticator {
  // Digests are of one length, so that the comparison tells nothing about the token's.
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const wanted = digest(token);
  return (given) =>
    Promise.resolve(
      given !== null && timingSafeEqual(digest(given), wanted)
        ? { projectId: PROJECT_LOCAL, userId: null, roles: ['admin'], system: false }
        : null,
    );
}
