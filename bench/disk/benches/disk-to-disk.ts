import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { atLeast, type Bench, intoFile, MIB, run, speed } from '../bench.ts';

export const diskToDisk: Bench = {
  number: 1,
  title: 'Disk to disk, digests on',
  async open(parts) {
    const { disk, ours, folder } = parts;
    const socket = join(folder, 'nbd.sock');
    // Nobody is the one who brings it from the disk to memory.
    for await (const piece of createReadStream(disk, { highWaterMark: 4 * MIB })) void piece;
    const nbdkit = `nbdkit --exit-with-parent file ${disk}`;
    const measured = await run(parts, [
      intoFile(
        parts,
        'guts, nbdkit file plugin to file',
        (to) => `rm -f ${socket}; nbdkit -U ${socket} file ${disk} --run '${ours} copy "$uri" ${to}'`,
      ),
      intoFile(parts, 'nbdcopy, nbdkit file plugin to file', (to) => `nbdcopy -- [ ${nbdkit} ] ${to}`),
      intoFile(parts, 'guts, file to file', (to) => `${ours} copy ${disk} ${to}`),
      intoFile(parts, 'nbdcopy, file to file (no digests)', (to) => `nbdcopy ${disk} ${to}`),
      intoFile(
        parts,
        'qemu-img convert -m 8 -W, fsync',
        (to) => `qemu-img convert -m 8 -W -f raw -O raw ${disk} ${to} && sync ${to}`,
      ),
    ]);
    return {
      measured,
      goals: [
        atLeast('of nbdcopy from nbdkit', speed(measured, 0, 1), 0.9),
        atLeast('file to file, of qemu-img convert', speed(measured, 2, 4), 1),
        atLeast('file to file, of nbdcopy file to file', speed(measured, 2, 3), 0.9),
      ],
    };
  },
};
