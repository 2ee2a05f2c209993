import type { CloudChoice, Login, TellExchange } from '@guts/cli';
import { ApiCallError } from '@guts/contract';
import {
  CloudConfigError,
  type EndpointInterface,
  loadCloud,
  LoginError,
  OpenStackError,
  OpenStackSession,
  UnreachableError,
} from '@guts/openstack';
import { VERSION } from '../version.ts';

/** guts-api's type in the service catalog. */
const SERVICE_TYPE = 'migration';

/** Asks for a password without showing it; null: nobody is there. */
export type AskSecret = ((question: string) => Promise<string>) | null;

function toCallError(error: unknown): unknown {
  if (!(error instanceof OpenStackError)) return error;
  const code =
    error instanceof LoginError
      ? 'unauthorized'
      : error instanceof CloudConfigError
        ? 'configuration'
        : error instanceof UnreachableError
          ? 'unreachable'
          : 'internal';
  const remedy =
    code === 'unauthorized' || code === 'configuration'
      ? 'See clouds.yaml (--os-cloud, OS_CLOUD) or the OS_* variables; without them the local token is used.'
      : null;
  return new ApiCallError(`Keystone: ${error.message}`, { status: 0, code, remedy, cause: error });
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toCallError(error);
  }
}

const SECRETS = ['OS_PASSWORD', 'OS_TOKEN', 'OS_APPLICATION_CREDENTIAL_ID', 'OS_APPLICATION_CREDENTIAL_NAME'];

/** The environment, with the password that a person types when it alone is missing. */
async function withPassword(env: NodeJS.ProcessEnv, ask: AskSecret): Promise<NodeJS.ProcessEnv> {
  const user = env['OS_USERNAME'] || env['OS_USER_ID'];
  if (!ask || !user || SECRETS.some((name) => env[name])) return env;
  return { ...env, OS_PASSWORD: await ask(`Password of ${user}: `) };
}

/** Logs in to Keystone for the command line. @param tell hears of every request @throws ApiCallError */
export function openLogin(
  { cloud, env }: CloudChoice,
  signal: AbortSignal,
  ask: AskSecret,
  tell?: TellExchange,
): Promise<Login> {
  return translated(async () => {
    const loaded =
      cloud === null ? loadCloud({ env: await withPassword(env, ask) }) : loadCloud({ cloud, env });
    const wanted = (env['OS_INTERFACE'] || loaded.interface).replace(/URL$/, '');
    if (!['public', 'internal', 'admin'].includes(wanted))
      throw new CloudConfigError(`interface "${wanted}" is none of public, internal, admin`);
    const config = {
      ...loaded,
      region: env['OS_REGION_NAME'] || loaded.region,
      interface: wanted as EndpointInterface,
    };
    const session = await OpenStackSession.open(config, {
      signal,
      userAgent: `guts/${VERSION}`,
      ...(tell ? { observe: tell } : {}),
    });
    return {
      projectId: session.project.id,
      endpoint: session.endpointOf(SERVICE_TYPE),
      token: (until, refused) => translated(() => session.token(until, refused)),
      close: () => session.close(),
    };
  });
}
