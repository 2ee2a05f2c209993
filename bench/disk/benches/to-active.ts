import { link, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Holdings, RealCloud } from '../../../lab/real/test/support/cloud.ts';
import { CLOUDS_FILE } from '../../../lab/real/test/support/lab.ts';
import { startVcsim } from '../../../lab/real/test/support/vcsim.ts';
import { startVCenter } from '../../../lab/vcenter/src/vcenter.ts';
import { atLeast, type Bench, GIB, run, speed } from '../bench.ts';
import { madeStreamVmdk } from '../stream-vmdk.ts';
import type { Contender } from '../measure.ts';
import { datastoreOf } from '../vcsim.ts';
import { environmentOf2016, wayOf2016 } from '../way-of-2016.ts';

const CLOUD = 'lab';
const NETWORK = 'provider1';
const GUTS = resolve(import.meta.dirname, '../../../packages/app/bin/guts.js');

/**
 * Until the server runs: the disk holds no system, so there is no boot to prove. The lease sends the very bytes that the
 * way of 2016 downloads, which verified nothing; nor does one of ours. Ranges are what GUTS takes by itself where it reaches the
 * datastore.
 */
export const toActive: Bench = {
  number: 7,
  title: 'vSphere to ACTIVE in a real OpenStack',
  async open(parts) {
    const vmdk = await madeStreamVmdk(parts);
    const cloud = await RealCloud.open(CLOUD);
    const before: Holdings = await cloud.holdings();
    const clean = (): Promise<void> => cloud.removeNew(before);
    const vcsim = await startVcsim(1);
    const vc = await startVCenter({
      machines: [
        {
          name: 'bench',
          cpus: 1,
          memoryMiB: 1024,
          powerState: 'poweredOff',
          disks: [{ sizeBytes: 8 * GIB, source: { file: parts.disk }, packed: vmdk, controller: 'pvscsi' }],
          nics: [{ mac: '00:50:56:1f:7a:07', network: 'VM Network' }],
        },
      ],
    });
    const state = await mkdtemp(join(tmpdir(), 'guts-bench-state-'));
    try {
      const datastore = join(await datastoreOf(), 'bench');
      await mkdir(datastore);
      await link(vmdk, join(datastore, 'bench.vmdk'));
      const flags = `--source ${vc.url} --fingerprint ${vc.fingerprintSha256} --username ${vc.username} --instance bench --cloud ${CLOUD} --network ${NETWORK} --name bench --boot-from volume --verify-boot off --volume-access device`;
      const ours = (by: string, transport: string): Contender => ({
        name: `guts migrate, the volume written directly, ${by}`,
        command: `${process.execPath} ${GUTS} --json migrate ${flags} --transport ${transport}`,
        env: {
          GUTS_STATE_DIR: join(state, 'guts'),
          GUTS_SOURCE_PASSWORD: vc.password,
          OS_CLIENT_CONFIG_FILE: CLOUDS_FILE,
        },
        prepare: () => rm(join(state, 'guts'), { recursive: true, force: true }),
        check: clean,
      });
      const measured = await run(
        parts,
        [
          ours('by an export lease', 'lease'),
          ours('by an export lease, not verified', 'lease --verify-data off'),
          ours('by ranges', 'datastore'),
          {
            name: 'download, qemu-img convert, upload, boot (2016)',
            command: wayOf2016(vcsim, parts.folder, `m1.small ${await cloud.networkId(NETWORK)}`),
            env: await environmentOf2016(vcsim, state, CLOUD),
            check: clean,
          },
        ],
        Math.min(3, parts.rounds),
      );
      return {
        measured,
        goals: [
          atLeast('times as fast', speed(measured, 0, 3), 4),
          atLeast('times as fast, not verified', speed(measured, 1, 3), 4),
          atLeast('times as fast by ranges', speed(measured, 2, 3), 4),
        ],
      };
    } finally {
      await clean();
      await rm(state, { recursive: true, force: true });
      await vc.close();
      await vcsim.stop();
    }
  },
};
