import type { KeystoneLogins, KnownToken, TokenLookup } from '@guts/api';
import { GutsError, type Log, messageOf } from '@guts/core';
import {
  ApiError,
  type CloudConfig,
  CloudConfigError,
  isStatus,
  loadCloud,
  LoginError,
  OpenStackError,
  OpenStackSession,
  UntrustedCertificateError,
  type ValidToken,
} from '@guts/openstack';
import type { Config } from '../config.ts';
import { VERSION } from '../version.ts';
import { keystoneLogins } from './keystone-logins.ts';

/** How long Keystone may take to say what a token is, the login of the service user included; milliseconds. */
const PATIENCE_MS = 10_000;
/** Whoever waits for it is a request of a user: better told soon that it is away. */
const REQUESTS = {
  retries: { attempts: 2, firstMs: 200, longestSeconds: 2 },
  userAgent: `guts-api/${VERSION}`,
};

/** As whom guts-api asks Keystone. */
export interface ServiceUser {
  readonly authUrl: string;
  readonly name: string;
  readonly project: string;
  readonly roles: readonly string[];
  /** Keystone's certificate is not checked. */
  readonly insecure: boolean;
}

export interface KeystoneTokens {
  readonly lookup: TokenLookup;
  /** Logs people in, for the dashboard. */
  readonly logins: KeystoneLogins;
  /** What WWW-Authenticate says to who has no token. */
  readonly challenge: string;
  /**
   * Logs the service user in, so that wrong settings are told at once. A Keystone that is away is only warned of.
   * @throws GutsError `configuration`
   */
  start(): Promise<void>;
  /**
   * Logs the service user in and asks Keystone what its own token may.
   * @throws GutsError `configuration`: Keystone refuses it; `identity_unavailable`: Keystone is away
   */
  serviceUser(): Promise<ServiceUser>;
  close(): Promise<void>;
}

/** The service user's cloud. @throws GutsError `configuration` */
function serviceCloud({ keystoneCloud, keystoneCloudsFile }: Config, env: NodeJS.ProcessEnv): CloudConfig {
  if (keystoneCloud === null)
    throw new GutsError('configuration', 'auth is keystone, but keystone_cloud is not set', {
      field: 'keystone_cloud',
      remedy: 'Name the entry of clouds.yaml by which the service user of guts-api logs in.',
    });
  const named = keystoneCloudsFile === null ? {} : { OS_CLIENT_CONFIG_FILE: keystoneCloudsFile };
  try {
    return loadCloud({ cloud: keystoneCloud, env: { ...env, ...named } });
  } catch (error) {
    if (!(error instanceof CloudConfigError)) throw error;
    const field = keystoneCloudsFile === null ? 'keystone_cloud' : 'keystone_clouds_file';
    throw new GutsError('configuration', `keystone_cloud: ${error.message}`, { cause: error, field });
  }
}

/** A token as guts-api understands it, or why it is of no use here. */
function known({ scope, user, roles, expiresAt }: ValidToken): KnownToken | GutsError {
  if (scope.kind === 'domain' || scope.kind === 'unscoped') {
    const what = scope.kind === 'domain' ? 'scoped to a domain' : 'not scoped';
    return new GutsError('forbidden', `the token is valid, but ${what}`, {
      remedy: 'Ask Keystone for a token of a project (or, to administer GUTS, of the system).',
    });
  }
  const projectId = scope.kind === 'project' ? scope.id : null;
  return { caller: { projectId, userId: user.id, roles, system: scope.kind === 'system' }, expiresAt };
}

function unavailable(error: unknown): GutsError {
  // Users are not told more than that: the causes are for the log.
  const what =
    error instanceof LoginError || isStatus(error, 401, 403)
      ? 'guts-api is not let check tokens by Keystone'
      : 'Keystone does not answer, so the token cannot be checked';
  return new GutsError('identity_unavailable', what, { cause: error, transient: true });
}

/** Asks Keystone what a token is, as a service user that logs in when first needed and whenever its own token ends. */
export function keystoneTokens(config: Config, env: NodeJS.ProcessEnv, log: Log): KeystoneTokens {
  const cloud = serviceCloud(config, env);
  const uri = config.keystonePublicUrl ?? cloud.authUrl;
  let opening: Promise<OpenStackSession> | null = null;

  const session = (): Promise<OpenStackSession> => {
    opening ??= OpenStackSession.open(cloud, {
      ...REQUESTS,
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).catch((error: unknown) => {
      opening = null;
      throw error;
    });
    return opening;
  };
  return {
    challenge: `Keystone uri="${uri}"`,
    logins: keystoneLogins(cloud, REQUESTS, session),
    async lookup(token) {
      try {
        const found = await (await session()).validateToken(token, AbortSignal.timeout(PATIENCE_MS));
        return found && known(found);
      } catch (error) {
        throw unavailable(error);
      }
    },
    async start() {
      if (cloud.tls.insecure)
        log.warn({}, "keystone_cloud: Keystone's certificate is not checked (insecure)");
      try {
        const { user, project } = await session();
        log.info({ user: user.name, project: project.name }, 'tokens are checked by Keystone');
      } catch (error) {
        if (isSettings(error)) throw wrongSettings(error);
        log.warn({ err: error }, 'Keystone does not answer: requests get 503 until it does');
      }
    },
    async serviceUser() {
      try {
        const open = await session();
        const signal = AbortSignal.timeout(PATIENCE_MS);
        const found = await open.validateToken(await open.token(signal), signal);
        const { user, project } = open;
        const { authUrl, tls } = cloud;
        const insecure = tls.insecure === true;
        return { authUrl, name: user.name, project: project.name, roles: found?.roles ?? [], insecure };
      } catch (error) {
        throw isSettings(error) ? wrongSettings(error) : unavailable(error);
      }
    },
    async close() {
      const open = await opening?.catch(() => null);
      await open?.close();
    },
  };
}

function wrongSettings(error: unknown): GutsError {
  return new GutsError('configuration', `keystone_cloud: ${messageOf(error)}`, {
    cause: error,
    field: 'keystone_cloud',
    remedy: 'docs/keystone.md says how to make the service user and its entry in clouds.yaml.',
  });
}

/** What does not pass by waiting. */
function isSettings(error: unknown): boolean {
  if (error instanceof ApiError) return error.status < 500 && error.status !== 429;
  if (error instanceof UntrustedCertificateError || error instanceof LoginError) return true;
  return error instanceof OpenStackError && error.code === 'protocol';
}
