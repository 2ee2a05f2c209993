import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { atMost, type Bench, GIB, MIB, run } from '../bench.ts';
import type { Contender, Measured } from '../measure.ts';
import { makeTestDisk, TEST_DISK } from '../test-disk.ts';

export const flatMemory: Bench = {
  number: 5,
  title: 'Memory, whatever the size of the disk',
  shows: 'memory',
  async open(parts) {
    const { folder, ours } = parts;
    const target = join(folder, 'out.raw');
    const contenders: Contender[] = [];
    for (const [name, size, inOnePiece] of [
      ['64 GiB with 2 GiB of data', 64 * GIB, false],
      ['4 TiB with 2 GiB of data', 4096 * GIB, false],
      ['64 GiB with 2 GiB of data in one piece', 64 * GIB, true],
    ] as const) {
      const path = join(folder, `sparse-${size}${inOnePiece ? '-one' : ''}.raw`);
      await makeTestDisk(path, { ...TEST_DISK, size, inOnePiece });
      contenders.push({
        name: `guts, ${name}`,
        command: `${ours} verified ${path} ${target}`,
        prepare: () => rm(target, { force: true }),
      });
    }
    const measured = await run(parts, contenders, 1);
    await rm(target, { force: true });
    const perTib = (one: Measured | undefined): number =>
      (Number(one?.median.said['digestBytes']) / MIB / Number(one?.median.said['bytesWritten'])) * 2 ** 40;
    return {
      measured,
      goals: [
        ...measured.map(({ name, median }) => atMost(`${name}: MiB resident`, median.bytes / MIB, 300)),
        atMost('digests, MiB per TiB of data', perTib(measured[2]), 8),
      ],
    };
  },
};
