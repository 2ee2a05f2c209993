import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { listenAdmin } from '../../../lab/vcenter/src/http/admin.ts';
import { portOf } from '../../../lab/vcenter/src/http/listener.ts';
import { startVCenter } from '../../../lab/vcenter/src/vcenter.ts';
import { atLeast, type Bench, GIB, MIB, run, speed } from '../bench.ts';
import { environmentOf } from '../vcsim.ts';

/** What one stream of an ESXi host was seen to give; bytes per second. */
const ESXI_STREAM = 30e6;

export const fourAtOnce: Bench = {
  number: 4,
  title: 'Four disks of one machine, each stream 30 MB/s',
  async open(parts) {
    const password = 'vcenter-password';
    const data = [{ offset: 1 * GIB, length: 192 * MIB }];
    const vc = await startVCenter({
      password,
      machines: [
        {
          name: 'bench',
          powerState: 'poweredOff',
          disks: [1, 2, 3, 4].map((pattern) => ({
            sizeBytes: 4 * GIB,
            source: { pattern, dataExtents: data },
          })),
        },
      ],
    });
    const admin = await listenAdmin(vc, 0);
    const out = join(parts.folder, 'four');
    const prepare = async (): Promise<void> => {
      await rm(out, { recursive: true, force: true });
      await mkdir(out);
    };
    try {
      await fetch(`http://127.0.0.1:${portOf(admin)}/_lab/faults`, {
        method: 'POST',
        body: JSON.stringify({ kind: 'rate', bytesPerSecond: ESXI_STREAM, path: '/nfc' }),
      });
      const env = environmentOf({
        url: vc.url,
        username: vc.username,
        password,
        fingerprint: vc.fingerprintSha256,
      });
      const measured = await run(
        parts,
        [
          { name: 'guts, all at once', command: `${parts.ours} disks at-once ${out}`, env, prepare },
          { name: 'one after the other', command: `${parts.ours} disks in-turn ${out}`, env, prepare },
        ],
        Math.min(3, parts.rounds),
      );
      return { measured, goals: [atLeast('times as fast', speed(measured, 0, 1), 1.7)] };
    } finally {
      await rm(out, { recursive: true, force: true });
      admin.close();
      admin.closeAllConnections();
      await vc.close();
    }
  },
};
