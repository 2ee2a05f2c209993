import type { GotToken, KeystoneLogins } from '@guts/api';
import { GutsError } from '@guts/core';
import {
  type CloudAuth,
  type CloudConfig,
  type DomainRef,
  LoginError,
  OpenStackSession,
  type ProjectRef,
  type SessionOptions,
} from '@guts/openstack';

/** How long Keystone may take to let somebody in; milliseconds. A person waits for it. */
const PATIENCE_MS = 15_000;

/** Keystone's own domain, which every installation has at first, unless another one is named. */
const domainOf = (name: string | null): DomainRef => (name === null ? { id: 'default' } : { name });

function refusal(error: unknown): GutsError {
  if (error instanceof LoginError)
    return new GutsError('unauthorized', error.message, {
      cause: error,
      remedy: 'Mind the domains of user and project, and that the user has a role in the project.',
    });
  // Users are not told more than that: the causes are for the log.
  return new GutsError('identity_unavailable', 'Keystone does not answer, so nobody can sign in', {
    cause: error,
    transient: true,
  });
}

/**
 * Logs people in at the Keystone at which guts-api asks about tokens.
 * @param service guts-api's own login there, of which region, trust and address are used
 * @param session that login, opened when first needed
 */
export function keystoneLogins(
  service: CloudConfig,
  options: Omit<SessionOptions, 'signal'>,
  session: () => Promise<OpenStackSession>,
): KeystoneLogins {
  const logIn = async (auth: CloudAuth, project: ProjectRef | null): Promise<GotToken> => {
    const { project: _own, ...cloud } = service;
    const signal = AbortSignal.timeout(PATIENCE_MS);
    try {
      const login = await OpenStackSession.open(
        { ...cloud, auth, ...(project ? { project } : {}) },
        { ...options, signal },
      );
      try {
        const { user, project: scope, expiresAt } = login;
        const token = await login.token(signal);
        return { token, expiresAt, userName: user.name, projectName: scope.name };
      } finally {
        await login.close();
      }
    } catch (error) {
      throw refusal(error);
    }
  };
  return {
    byPassword: ({ user, userDomain, password, project, projectDomain }) =>
      logIn(
        { type: 'password', user: { name: user, domain: domainOf(userDomain) }, password },
        { name: project, domain: domainOf(projectDomain) },
      ),
    byApplicationCredential: ({ id, secret }) => logIn({ type: 'application_credential', id, secret }, null),
    async revoke(token) {
      try {
        await (await session()).revokeToken(token, AbortSignal.timeout(PATIENCE_MS));
      } catch (error) {
        throw new GutsError('identity_unavailable', 'Keystone does not answer, so the token is not revoked', {
          cause: error,
          transient: true,
        });
      }
    },
  };
}
