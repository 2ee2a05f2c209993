import { join } from 'node:path';
import { atMost, type Bench, intoFile, run, speed } from '../bench.ts';

export const verification: Bench = {
  number: 6,
  title: 'Verification on a copy bound by a link of 1 Gbit/s',
  async open(parts) {
    const { folder, disk, ours } = parts;
    const socket = join(folder, 'nbd.sock');
    const linked = (verb: string, to: string): string =>
      `rm -f ${socket}; nbdkit -U ${socket} --filter=rate file ${disk} rate=1G --run '${ours} ${verb} "$uri" ${to}'`;
    const measured = await run(
      parts,
      [
        intoFile(parts, 'guts, copy alone', (to) => linked('copy', to)),
        intoFile(parts, 'guts, copy and verification', (to) => linked('verified', to)),
      ],
      Math.min(3, parts.rounds),
    );
    return { measured, goals: [atMost('share of wall time', 1 / speed(measured, 1, 0) - 1, 0.25)] };
  },
};
