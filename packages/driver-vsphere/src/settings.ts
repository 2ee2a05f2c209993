import { type DriverSchemas, type EndpointConfig, GutsError } from '@guts/core';
import { normaliseFingerprint, sdkUrl, VSphereError } from '@guts/vsphere';

/** A host, perhaps with port and path, and above all nothing before an `@`: settings are stored and shown. */
const URL_PATTERN =
  '^(?:[Hh][Tt][Tt][Pp][Ss]://)?(?:\\[[0-9A-Fa-f:.]+\\]|[^\\s/?#@:\\[\\]]+)(?::[0-9]+)?(?:/[^\\s?#@]*)?$';

/** What a vSphere source is made with. */
export const SCHEMAS: DriverSchemas = {
  name: 'vsphere',
  side: 'source',
  title: 'VMware vSphere (vCenter or ESXi, API 6.5 to 9)',
  settings: {
    type: 'object',
    additionalProperties: false,
    required: ['url', 'username'],
    properties: {
      url: {
        type: 'string',
        title: 'URL',
        description: 'https://vcenter.example.org',
        pattern: URL_PATTERN,
      },
      username: { type: 'string', title: 'User name', description: 'user@domain' },
      ca: { type: 'string', title: 'Authority', description: 'PEM text of the authorities to trust' },
      fingerprint: {
        type: 'string',
        title: 'Fingerprint',
        description: 'SHA-256 or SHA-1 of the certificate to trust',
      },
      insecure: { type: 'boolean', title: 'Trust any certificate', default: false },
    },
  },
  secret: {
    type: 'object',
    additionalProperties: false,
    required: ['password'],
    properties: { password: { type: 'string', title: 'Password', writeOnly: true } },
  },
};

export interface Settings {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly ca: string | undefined;
  readonly fingerprint: string | undefined;
  readonly insecure: boolean;
}

function text(values: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = values[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function bad(field: string, message: string, remedy: string): GutsError {
  return new GutsError('bad_request', message, { field: `settings.${field}`, remedy });
}

/** @throws GutsError `bad_request` naming the field */
export function readSettings({ settings, secret }: EndpointConfig): Settings {
  const url = text(settings, 'url');
  if (url === undefined)
    throw bad('url', 'the source has no url', 'Give the address of the vCenter or ESXi.');
  try {
    sdkUrl(url);
  } catch (error) {
    if (error instanceof VSphereError)
      throw bad('url', error.message, 'Write it like https://vcenter.example.org.');
    throw error;
  }
  const username = text(settings, 'username');
  if (username === undefined)
    throw bad('username', 'the source has no username', 'Give one, like user@domain.');
  const password = text(secret, 'password');
  if (password === undefined)
    throw new GutsError('bad_request', 'the source has no password', {
      field: 'secret.password',
      remedy: 'Give the password of the user.',
    });
  const fingerprint = text(settings, 'fingerprint');
  if (fingerprint !== undefined && normaliseFingerprint(fingerprint) === null)
    throw bad(
      'fingerprint',
      `"${fingerprint}" is no fingerprint`,
      'Give 40 (SHA-1) or 64 (SHA-256) hex digits.',
    );
  return {
    url,
    username,
    password,
    ca: text(settings, 'ca'),
    fingerprint,
    insecure: settings['insecure'] === true,
  };
}
