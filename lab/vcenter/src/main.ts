/**
 * `tsx lab/vcenter/src/main.ts --config file.json [--admin-port N]`: prints one JSON line when ready; SIGTERM or SIGINT
 * closes. With an admin port (0: a free one) the administrator's view is at `adminUrl`, on loopback.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { VCenterOptions } from './options.ts';
import { listenAdmin } from './http/admin.ts';
import { portOf } from './http/listener.ts';
import { startVCenter } from './vcenter.ts';

const { values } = parseArgs({ options: { config: { type: 'string' }, 'admin-port': { type: 'string' } } });
const options =
  values.config === undefined ? {} : (JSON.parse(await readFile(values.config, 'utf8')) as VCenterOptions);
const vc = await startVCenter(options);
const adminPort = values['admin-port'];
const admin = adminPort === undefined ? undefined : await listenAdmin(vc, Number(adminPort));
console.log(
  JSON.stringify({
    url: vc.url,
    esxiUrl: vc.esxiUrl,
    username: vc.username,
    fingerprintSha256: vc.fingerprintSha256,
    fingerprintSha1: vc.fingerprintSha1,
    esxiFingerprintSha1: vc.esxiFingerprintSha1,
    ...(admin === undefined ? {} : { adminUrl: `http://127.0.0.1:${portOf(admin)}` }),
    machines: vc.machines.map((m) => ({ id: m.id, name: m.name, disks: m.disks })),
  }),
);
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    admin?.close();
    admin?.closeAllConnections();
    vc.close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}
