import { readFileSync } from 'node:fs';
import { type EndpointConfig, GutsError, messageOf } from '@guts/core';
import { toEndpointConfig } from '@guts/driver-openstack';
import { CloudConfigError, loadCloud } from '@guts/openstack';
import type { OneShotOptions } from './options.ts';
import { sourcePassword } from './password.ts';

function authority(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new GutsError('bad_request', `--ca ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** @throws GutsError `bad_request` */
export async function sourceConfig(options: OneShotOptions, env: NodeJS.ProcessEnv): Promise<EndpointConfig> {
  const terminal = { input: process.stdin, output: process.stderr };
  const ca = options.ca === undefined ? {} : { ca: authority(options.ca) };
  const password = await sourcePassword(options.passwordFile, env, options.username, terminal);
  return {
    settings: {
      url: options.source,
      username: options.username,
      ...ca,
      ...(options.fingerprint === undefined ? {} : { fingerprint: options.fingerprint }),
      ...(options.insecure ? { insecure: true } : {}),
    },
    secret: { password },
  };
}

/** @throws GutsError `bad_request` */
export function cloudConfig(options: OneShotOptions, env: NodeJS.ProcessEnv): EndpointConfig {
  try {
    const cloud = loadCloud({ env, ...(options.cloud === undefined ? {} : { cloud: options.cloud }) });
    return toEndpointConfig(cloud, options.volumeAccess);
  } catch (error) {
    if (error instanceof CloudConfigError)
      throw new GutsError('bad_request', error.message, { cause: error });
    throw error;
  }
}

/** The name under which the cloud is remembered. */
export function cloudName(options: OneShotOptions, env: NodeJS.ProcessEnv): string {
  return options.cloud ?? env['OS_CLOUD'] ?? 'cloud';
}
