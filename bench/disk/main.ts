/**
 * `npm run bench:disk`: copies of disks beside what a user would pick instead, in turn and in one run, every byte on
 * the disk before the clock stops. Started by run.sh. Options: `--only 1,2` some of the benches, `--rounds N`,
 * `--check` ends with 1 when a goal is missed, `--write` puts what was measured into docs/performance.md and its picture.
 */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { benches } from './benches.ts';
import type { Result } from './page.ts';
import { makeTestDisk, TEST_DISK } from './test-disk.ts';
import { writePage } from './write-page.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    check: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
if (!Number.isSafeInteger(rounds) || rounds < 1) throw new TypeError('--rounds is a whole number above 0');
const only = values.only?.split(',');
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const root = resolve(import.meta.dirname, '../..');
const folder = process.env['BENCH_DIR'] ?? join(tmpdir(), 'guts-bench-disk');
await mkdir(folder, { recursive: true });
const disk = join(folder, 'disk.raw');
print(`test disk: ${disk}`);
const extents = await makeTestDisk(disk, TEST_DISK);
const map = join(folder, 'map.json');
await writeFile(map, JSON.stringify(extents));

const built = join(root, 'node_modules/.cache/guts-bench-disk');
const ours = join(built, 'with-guts.js');
await build({
  absWorkingDir: root,
  entryPoints: {
    'with-guts': join(import.meta.dirname, 'with-guts.ts'),
    'chunk-thread': join(root, 'packages/disk/src/copy/threads/thread.ts'),
  },
  outdir: built,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.20',
  logLevel: 'warning',
  external: ['undici', 'saxes', 'koffi', 'yaml'],
});
for (const thread of ['inflate-thread.js', 'sha512-thread.js'])
  await cp(join(root, 'packages/disk/src/threads', thread), join(built, thread));

const results: Result[] = [];
for (const bench of benches) {
  if (only && !only.includes(String(bench.number))) continue;
  print(`\n${bench.number}. ${bench.title} (load ${loadavg()[0]?.toFixed(1)})`);
  const parts = { folder, disk, map, extents, ours: `${process.execPath} ${ours}`, rounds, print };
  const { measured, goals } = await bench.open(parts);
  for (const { name, median, runs } of measured)
    print(
      `  ${name.padEnd(44)} ${median.seconds.toFixed(2).padStart(7)} s  (${runs.map((run) => run.seconds.toFixed(1)).join(' ')})  ${median.processor.toFixed(1)} s CPU  ${(median.bytes / 2 ** 20).toFixed(0)} MiB`,
    );
  for (const { text, value, met } of goals)
    print(`  ${met ? 'met   ' : 'MISSED'} ${text}: ${value.toFixed(2)}`);
  const { number, title, shows } = bench;
  results.push({ number, title, ...(shows ? { shows } : {}), measured, goals });
}
if (values.write) {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? ''}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB of memory`;
  await writePage(root, results, machine);
}
if (values.check && results.some(({ goals }) => goals.some(({ met }) => !met))) process.exitCode = 1;
