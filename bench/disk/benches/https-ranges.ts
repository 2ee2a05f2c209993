import { link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startVcsim } from '../../../lab/real/test/support/vcsim.ts';
import { atLeast, atMost, type Bench, intoFile, run, speed } from '../bench.ts';
import { datastoreOf, environmentOf } from '../vcsim.ts';

export const httpsRanges: Bench = {
  number: 2,
  title: 'HTTPS datastore ranges (vcsim) to a raw file',
  async open(parts) {
    const { disk, ours, map, extents } = parts;
    const vcsim = await startVcsim(1);
    try {
      const datastore = join(await datastoreOf(), 'bench');
      await mkdir(datastore);
      await link(disk, join(datastore, 'bench-flat.vmdk'));
      const url = `${vcsim.url}/folder/bench/bench-flat.vmdk?dcPath=DC0&dsName=LocalDS_0`;
      const password = join(parts.folder, 'vcsim-password');
      await writeFile(password, vcsim.password, { mode: 0o600 });
      const curl = `nbdkit --exit-with-parent -r curl sslverify=false user=${vcsim.username} password=+${password} 'url=${url}'`;
      const read = `${ours} ranges LocalDS_0 bench/bench-flat.vmdk`;
      const env = environmentOf(vcsim);
      const measured = await run(parts, [
        intoFile(parts, 'guts, with the change map', (to) => `${read} ${to} ${map}`, env),
        intoFile(parts, 'guts, without a map', (to) => `${read} ${to}`, env),
        intoFile(
          parts,
          'nbdcopy (4 connections, 4 MiB), nbdkit curl',
          (to) => `nbdcopy --request-size=4194304 --requests=8 --connections=4 -- [ ${curl} ] ${to}`,
        ),
      ]);
      const allocated = extents.reduce((sum, { length }) => sum + length, 0);
      const asked = Number(measured[0]?.median.said['bytesRead']);
      return {
        measured,
        goals: [
          atMost('bytes asked for, of the allocated ones', asked / allocated, 1.02),
          atMost("with the map, wall time of nbdkit's and nbdcopy's", 1 / speed(measured, 0, 2), 0.5),
          atLeast('without it, of their speed', speed(measured, 1, 2), 1.2),
        ],
      };
    } finally {
      await vcsim.stop();
    }
  },
};
