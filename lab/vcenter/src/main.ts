/** `tsx lab/vcenter/src/main.ts --config file.json`: prints one JSON line when ready; SIGTERM or SIGINT closes. */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { VCenterOptions } from './options.ts';
import { startVCenter } from './vcenter.ts';

const { values } = parseArgs({ options: { config: { type: 'string' } } });
const options =
  values.config === undefined ? {} : (JSON.parse(await readFile(values.config, 'utf8')) as VCenterOptions);
const vc = await startVCenter(options);
console.log(
  JSON.stringify({
    url: vc.url,
    esxiUrl: vc.esxiUrl,
    username: vc.username,
    fingerprintSha256: vc.fingerprintSha256,
    fingerprintSha1: vc.fingerprintSha1,
    esxiFingerprintSha1: vc.esxiFingerprintSha1,
    machines: vc.machines.map((m) => ({ id: m.id, name: m.name, disks: m.disks })),
  }),
);
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    vc.close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}
