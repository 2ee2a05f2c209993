import { type DriverSchemas, type EndpointConfig, GutsError } from '@guts/core';
import {
  type CloudAuth,
  type CloudConfig,
  CloudConfigError,
  fromSettings,
  SERVICE_TYPES,
} from '@guts/openstack';

/** How the worker fills volumes. */
export const VOLUME_ACCESS = ['auto', 'image', 'device', 'server'] as const;
export type VolumeAccess = (typeof VOLUME_ACCESS)[number];

const text = (title: string, description?: string): object => ({
  type: 'string',
  title,
  ...(description === undefined ? {} : { description }),
});

/** The setting's name, as in clouds.yaml. */
const overrideOf = (type: string): string => `${type.replaceAll('-', '_')}_endpoint_override`;

/** A page's address, without anything before an `@` or behind it: it is stored, and shown as a link. */
const PAGE_PATTERN = '^[Hh][Tt][Tt][Pp][Ss]?://[^\\s/?#@]+(?:/[^\\s?#]*)?$';

/** What an OpenStack destination is made with: the names of clouds.yaml, flat. */
export const SCHEMAS: DriverSchemas = {
  name: 'openstack',
  side: 'destination',
  title: 'OpenStack',
  settings: {
    type: 'object',
    additionalProperties: false,
    required: ['auth_url'],
    properties: {
      auth_url: text('Keystone', 'https://keystone.example.org/v3'),
      auth_type: { type: 'string', enum: ['password', 'v3applicationcredential', 'token'] },
      username: text('User name'),
      user_id: text('User id'),
      user_domain_name: text('User domain'),
      user_domain_id: text('User domain id'),
      project_name: text('Project'),
      project_id: text('Project id'),
      project_domain_name: text('Project domain'),
      project_domain_id: text('Project domain id'),
      application_credential_id: text('Application credential id'),
      application_credential_name: text('Application credential'),
      region_name: text('Region'),
      interface: { type: 'string', enum: ['public', 'internal', 'admin'], default: 'public' },
      ...Object.fromEntries(
        SERVICE_TYPES.map((type) => [
          overrideOf(type),
          text(`Endpoint of ${type}`, 'Instead of the catalog'),
        ]),
      ),
      ca: text('Authority', 'PEM text of the authorities to trust'),
      fingerprint: text('Fingerprint', 'SHA-256 or SHA-1 of the certificate to trust'),
      insecure: { type: 'boolean', title: 'Trust any certificate', default: false },
      volume_access: {
        type: 'string',
        enum: VOLUME_ACCESS,
        default: 'auto',
        title: 'How volumes are filled',
        description:
          'auto: device where the worker reaches the storage, else image; image: from a temporary image, works everywhere; device: the worker reaches volumes as files (NFS) or devices; server: volumes are attached to the server that the worker runs in',
      },
      horizon_url: {
        ...text('Horizon', "Address of the cloud's Horizon, for links to what was made"),
        pattern: PAGE_PATTERN,
        maxLength: 255,
        examples: ['https://horizon.example.org'],
      },
    },
  },
  secret: {
    type: 'object',
    additionalProperties: false,
    properties: {
      password: { type: 'string', writeOnly: true },
      application_credential_secret: { type: 'string', writeOnly: true },
      token: { type: 'string', writeOnly: true },
    },
  },
};

export interface Settings {
  readonly cloud: CloudConfig;
  readonly volumeAccess: VolumeAccess;
}

/** @throws GutsError `bad_request` */
export function readSettings({ settings, secret }: EndpointConfig): Settings {
  const {
    region_name,
    interface: own,
    ca,
    fingerprint,
    insecure,
    auth_type,
    volume_access,
    // Of people's pages alone.
    horizon_url: _,
    ...auth
  } = settings;
  const outer = {
    region_name,
    interface: own,
    fingerprint,
    auth_type,
    insecure,
    ...(ca === undefined ? {} : { cacert: 'ca' }),
    ...Object.fromEntries(SERVICE_TYPES.map((type) => [overrideOf(type), settings[overrideOf(type)]])),
  };
  try {
    const cloud = fromSettings('the destination', { ...outer, auth: { ...auth, ...secret } }, () =>
      typeof ca === 'string' ? ca : '',
    );
    return { cloud, volumeAccess: VOLUME_ACCESS.find((one) => one === volume_access) ?? 'auto' };
  } catch (error) {
    if (error instanceof CloudConfigError)
      throw new GutsError('bad_request', error.message, { cause: error, field: 'settings' });
    throw error;
  }
}

interface Flat {
  readonly settings: Record<string, string | boolean>;
  readonly secret: Record<string, string>;
}

function flatAuth(auth: CloudAuth): Flat {
  const owner = (user: { id?: string; name?: string; domain: { id?: string; name?: string } }) => ({
    ...(user.id === undefined ? {} : { user_id: user.id }),
    ...(user.name === undefined ? {} : { username: user.name }),
    ...(user.domain.id === undefined ? {} : { user_domain_id: user.domain.id }),
    ...(user.domain.name === undefined ? {} : { user_domain_name: user.domain.name }),
  });
  switch (auth.type) {
    case 'password':
      return { settings: owner(auth.user), secret: { password: auth.password } };
    case 'token':
      return { settings: { auth_type: 'token' }, secret: { token: auth.token } };
    case 'application_credential':
      return {
        settings: {
          auth_type: 'v3applicationcredential',
          ...(auth.id === undefined ? {} : { application_credential_id: auth.id }),
          ...(auth.name === undefined ? {} : { application_credential_name: auth.name }),
          ...(auth.user ? owner(auth.user) : {}),
        },
        secret: { application_credential_secret: auth.secret },
      };
    default:
      throw new TypeError(`unknown kind of credential: ${String(auth satisfies never)}`);
  }
}

/** A cloud as the settings and secret of a destination: the reverse of {@link readSettings}. */
export function toEndpointConfig(cloud: CloudConfig, volumeAccess: VolumeAccess): EndpointConfig {
  const { settings, secret } = flatAuth(cloud.auth);
  const { endpointOverrides, project, tls } = cloud;
  return {
    secret,
    settings: {
      ...settings,
      auth_url: cloud.authUrl,
      interface: cloud.interface,
      volume_access: volumeAccess,
      ...(cloud.region === null ? {} : { region_name: cloud.region }),
      ...(project?.id === undefined ? {} : { project_id: project.id }),
      ...(project?.name === undefined ? {} : { project_name: project.name }),
      ...(project?.domain.id === undefined ? {} : { project_domain_id: project.domain.id }),
      ...(project?.domain.name === undefined ? {} : { project_domain_name: project.domain.name }),
      ...Object.fromEntries(
        SERVICE_TYPES.flatMap((type) => {
          const url = endpointOverrides[type];
          return url === undefined ? [] : [[overrideOf(type), url] as const];
        }),
      ),
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls.fingerprint === undefined ? {} : { fingerprint: tls.fingerprint }),
      ...(tls.insecure ? { insecure: true } : {}),
    },
  };
}
