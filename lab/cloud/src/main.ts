/** `tsx lab/cloud/src/main.ts --config file.json`: prints one JSON line when ready; SIGTERM or SIGINT closes. */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { startCloud } from './cloud.ts';
import type { CloudOptions } from './options.ts';

const { values } = parseArgs({ options: { config: { type: 'string' } } });
if (values.config === undefined) throw new Error('--config FILE is needed; it must name at least stateDir');
const options = JSON.parse(await readFile(values.config, 'utf8')) as CloudOptions & { cloudsYaml?: string };
const cloud = await startCloud(options);
if (options.cloudsYaml !== undefined) await cloud.writeCloudsYaml(options.cloudsYaml);
console.log(JSON.stringify({ url: cloud.url, authUrl: cloud.authUrl, users: cloud.users }));
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
