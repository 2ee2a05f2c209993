/**
 * `tsx lab/cloud/src/main.ts --config file.json [--admin-port N]`: prints one JSON line (`url`, `authUrl`, `users`)
 * when ready; SIGTERM or SIGINT closes. With an admin port (0: a free one) the administrator's view is at `adminUrl`,
 * on loopback. The file holds `CloudOptions`, and may name a `cloudsYaml` to write. Exit 2: a bad start.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type Cloud, startCloud } from './cloud.ts';
import { listenAdmin } from './http/admin.ts';
import type { CloudOptions } from './options.ts';

class ConfigError extends Error {
  readonly code = 'config';
}

type Configuration = CloudOptions & { readonly cloudsYaml?: string };

async function configuration(): Promise<{ options: Configuration; adminPort: number | null }> {
  const { values } = parseArgs({ options: { config: { type: 'string' }, 'admin-port': { type: 'string' } } });
  if (values.config === undefined)
    throw new ConfigError('--config FILE is needed: a JSON file that names at least a stateDir.');
  const options: unknown = JSON.parse(await readFile(values.config, 'utf8'));
  if (typeof (options as { stateDir?: unknown } | null)?.stateDir !== 'string')
    throw new ConfigError(`${values.config} must name a stateDir: the folder for the bytes.`);
  const port = values['admin-port'];
  return { options: options as Configuration, adminPort: port === undefined ? null : Number(port) };
}

function closeOnSignal(cloud: Cloud, alsoClose: () => void): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      alsoClose();
      cloud.close().then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(error);
          process.exit(1);
        },
      );
    });
}

try {
  const {
    options: { cloudsYaml, ...options },
    adminPort,
  } = await configuration();
  const cloud = await startCloud(options);
  const admin = adminPort === null ? null : await listenAdmin(cloud, adminPort);
  closeOnSignal(cloud, () => admin?.close());
  if (cloudsYaml !== undefined) await cloud.writeCloudsYaml(cloudsYaml);
  const { url, authUrl, users } = cloud;
  console.log(JSON.stringify({ url, authUrl, users, ...(admin ? { adminUrl: admin.url } : {}) }));
} catch (error) {
  console.error(`The fake cloud does not start: ${(error as Error).message}`);
  process.exitCode = 2;
}
