import { PROJECT_LOCAL } from '@guts/core';
import { createHash, timingSafeEqual } from 'node:crypto';

/** Who asks. */
export interface Caller {
  readonly projectId: string;
  /** Null: the bearer of the local token, who is nobody in particular. */
  readonly userId: string | null;
  /** Names of the roles in that project. */
  readonly roles: readonly string[];
  /** The token is scoped to the whole system. */
  readonly system: boolean;
}
/** Null: nobody we know. */
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
