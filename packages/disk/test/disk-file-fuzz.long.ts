import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDiskFile } from '../src/index.ts';
import { dice } from './dice.ts';
import { damaged, outcomeOf, victims, type Victim } from './disk-file-fuzz.ts';
import { withoutQemu } from './qemu.ts';

/** Thousands of damaged files, and for hundreds what qemu-img makes of them, too. */
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-fuzz-'));
});
afterAll(() => rm(folder, { recursive: true }));

test.each(victims())(
  '1,000 times a damaged $name is read or refused, in bounded memory',
  async ({ bytes }) => {
    const chance = dice(4242);
    let largest = 0;
    let slowest = 0;
    for (let run = 0; run < 1000; run += 1) {
      const wounded = damaged(bytes, chance);
      const began = performance.now();
      const outcome = await outcomeOf(join(folder, 'damaged'), wounded);
      slowest = Math.max(slowest, performance.now() - began);
      expect([run, outcome.wrong]).toEqual([run, undefined]);
      largest = Math.max(largest, process.memoryUsage().rss);
    }
    // Far above what any case needs, far below what a believed size would take.
    expect(largest).toBeLessThan(1024 * 1024 * 1024);
    expect(slowest).toBeLessThan(20_000);
  },
);

const MAX_COMPARED = 64 * 1024 * 1024;
async function ours(path: string): Promise<Buffer | undefined> {
  const { reader } = await openDiskFile(path);
  try {
    if (reader.size > MAX_COMPARED) return undefined;
    const disk = Buffer.alloc(reader.size);
    await reader.read(0, disk, new AbortController().signal);
    return disk;
  } finally {
    await reader.close();
  }
}

const BOTH = victims().filter(({ format }) => format !== 'ova');
test.skipIf(withoutQemu).each<Victim>(BOTH)(
  'whenever a damaged $name is read by ours and by qemu-img, it is the same disk (needs qemu-img)',
  async ({ bytes, format }) => {
    const chance = dice(99);
    const path = join(folder, 'both');
    let same = 0;
    for (let run = 0; run < 150; run += 1) {
      await writeFile(path, run === 0 ? bytes : damaged(bytes, chance));
      const disk = await ours(path).catch(() => undefined);
      if (!disk) continue;
      const { status } = spawnSync('qemu-img', ['convert', '-f', format, '-O', 'raw', path, `${path}.raw`], {
        timeout: 20_000,
      });
      if (status !== 0) continue;
      const theirs = await readFile(`${path}.raw`);
      expect([run, Buffer.compare(disk, theirs)]).toEqual([run, 0]);
      same += 1;
    }
    expect(same).toBeGreaterThan(5);
  },
);
