/**
 * `tsx lab/cloud/src/main.ts --config file.json`: prints one JSON line (`url`, `authUrl`, `users`) when ready; SIGTERM
 * or SIGINT closes. The file holds `CloudOptions`, and may name a `cloudsYaml` to write. Exit 2: a bad start.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type Cloud, startCloud } from './cloud.ts';
import type { CloudOptions } from './options.ts';

class ConfigError extends Error {
  readonly code = 'config';
}

async function configuration(): Promise<CloudOptions & { readonly cloudsYaml?: string }> {
  const { values } = parseArgs({ options: { config: { type: 'string' } } });
  if (values.config === undefined)
    throw new ConfigError('--config FILE is needed: a JSON file that names at least a stateDir.');
  const options: unknown = JSON.parse(await readFile(values.config, 'utf8'));
  if (typeof (options as { stateDir?: unknown } | null)?.stateDir !== 'string')
    throw new ConfigError(`${values.config} must name a stateDir: the folder for the bytes.`);
  return options as CloudOptions & { cloudsYaml?: string };
}

function closeOnSignal(cloud: Cloud): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
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
  const { cloudsYaml, ...options } = await configuration();
  const cloud = await startCloud(options);
  closeOnSignal(cloud);
  if (cloudsYaml !== undefined) await cloud.writeCloudsYaml(cloudsYaml);
  console.log(JSON.stringify({ url: cloud.url, authUrl: cloud.authUrl, users: cloud.users }));
} catch (error) {
  console.error(`The fake cloud does not start: ${(error as Error).message}`);
  process.exitCode = 2;
}
