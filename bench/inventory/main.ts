/**
 * Measures reading an inventory from VMware's simulator (vcsim) beside govc and pyvmomi: the same properties of the same
 * machines, a process of its own each time, in turn, so that whatever else the machine does meets all of them. One
 * vcsim serves all: only then do they read the same, and what they have read is compared before anything is measured.
 * Started by run.sh. `npm run bench:inventory [-- --machines N --runs N --check]`; with --check it ends with 1 when a
 * limit is missed.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { startVcsim, type Vcsim } from '../../lab/real/test/support/vcsim.ts';
import { PATHS } from '../../packages/vsphere/src/inventory/records.ts';
import { compare, type Shown, shownByGovc, shownByLines } from './compare.ts';
import { type Client, type Figures, measure, median } from './measure.ts';

const { values } = parseArgs({
  options: {
    machines: { type: 'string', default: '5000' },
    runs: { type: 'string', default: '5' },
    check: { type: 'boolean', default: false },
  },
});
const machines = Number(values.machines);
const runs = Number(values.runs);
for (const [name, value] of Object.entries({ machines, runs }))
  if (!Number.isSafeInteger(value) || value < 1)
    throw new TypeError(`--${name} must be a whole number above 0`);

const root = resolve(import.meta.dirname, '../..');
const MIB = 2 ** 20;
/** Most that ours may take: of govc's wall time, of pyvmomi's, and of memory; bytes. */
const LIMITS = { govc: 1.15, pyvmomi: 1, bytes: 400 * MIB } as const;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** Our client as it ships: one file of our packages, third-party packages beside it in node_modules. */
async function buildOurs(folder: string): Promise<string> {
  const outfile = join(folder, 'with-guts.mjs');
  await build({
    absWorkingDir: root,
    entryPoints: [join(import.meta.dirname, 'with-guts.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.20',
    logLevel: 'warning',
    external: ['undici', 'saxes'],
  });
  return outfile;
}

function clients(vcsim: Vcsim, ours: string): readonly [Client, ...Client[]] {
  const { hostname, port } = new URL(vcsim.url);
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: '/nonexistent',
    PATHS: PATHS.VirtualMachine.join(','),
    VSPHERE_URL: vcsim.url,
    VSPHERE_HOST: hostname,
    VSPHERE_PORT: port,
    VSPHERE_USERNAME: vcsim.username,
    VSPHERE_PASSWORD: vcsim.password,
    VSPHERE_FINGERPRINT: vcsim.fingerprint,
    GOVC_URL: `${vcsim.url}/sdk`,
    GOVC_USERNAME: vcsim.username,
    GOVC_PASSWORD: vcsim.password,
    GOVC_INSECURE: '1',
    GOVC_PERSIST_SESSION: 'false',
  };
  const guts = [process.execPath, ours];
  // Without -json govc takes minutes: it is the way in which a program would read it.
  const govc = [process.env['GOVC'] ?? 'govc', 'object.collect', '-json', '-type', 'm', '/'];
  // A shim of some version manager before Debian's Python would be measured, too.
  const python = ['/usr/bin/python3', '-W', 'ignore', join(import.meta.dirname, 'with-pyvmomi.py')];
  return [
    { name: 'guts refresh', command: [...guts, 'refresh'], show: ['--show'], shown: shownByLines, env },
    { name: 'guts watch', command: [...guts, 'watch'], show: ['--show'], shown: shownByLines, env },
    { name: 'govc', command: [...govc, ...PATHS.VirtualMachine], show: [], shown: shownByGovc, env },
    { name: 'pyvmomi', command: python, show: ['--show'], shown: shownByLines, env },
  ];
}

interface Row extends Figures {
  readonly name: string;
}

function report(rows: readonly Row[]): readonly string[] {
  const missed: string[] = [];
  const seconds = (name: string): number => rows.find((one) => one.name === name)?.seconds ?? NaN;
  print('               wall s  processor s  peak MiB');
  for (const { name, seconds: took, processor, bytes } of rows) {
    const figures = `${took.toFixed(2).padStart(7)}${processor.toFixed(2).padStart(13)}${(bytes / MIB).toFixed(0).padStart(10)}`;
    const ours = name.startsWith('guts');
    const ratios = (['govc', 'pyvmomi'] as const).map((peer) => [peer, took / seconds(peer)] as const);
    const beside = ratios.map(
      ([peer, ratio]) => `${ratio.toFixed(2)} of ${peer} (at most ${LIMITS[peer].toFixed(2)})`,
    );
    print(`${name.padEnd(14)}${figures}${ours ? `  ${beside.join(', ')}` : ''}`);
    if (!ours) continue;
    for (const [peer, ratio] of ratios)
      if (!(ratio <= LIMITS[peer])) missed.push(`${name}: ${ratio.toFixed(2)} of ${peer}'s time`);
    if (bytes > LIMITS.bytes)
      missed.push(`${name}: ${(bytes / MIB).toFixed(0)} MiB, at most ${LIMITS.bytes / MIB}`);
  }
  return missed;
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
const { signal } = stop;

// Below the root, or the bundle would not find third-party packages.
const cache = join(root, 'node_modules/.cache');
await mkdir(cache, { recursive: true });
const folder = await mkdtemp(join(cache, 'bench-inventory-'));
const output = join(folder, 'output');
try {
  const ours = await buildOurs(folder);
  print(`starting vcsim with ${machines} machines`);
  const vcsim = await startVcsim(machines);
  try {
    const all = clients(vcsim, ours);
    const shown = new Map<string, Shown[]>();
    for (const one of all) {
      await measure({ ...one, command: [...one.command, ...one.show] }, output, signal);
      shown.set(one.name, await one.shown(output));
    }
    compare(shown, machines);
    print(`${machines} machines, ${PATHS.VirtualMachine.length} properties each: all clients read the same`);
    const taken = new Map(all.map(({ name }) => [name, [] as Figures[]]));
    for (let run = 0; run < runs; run += 1)
      for (const one of all) taken.get(one.name)?.push(await measure(one, output, signal));
    const rows = [...taken].map(([name, figures]) => ({ name, ...median(figures) }));
    print(`medians of ${runs} runs, in turn; load of the machine ${loadavg()[0]?.toFixed(1)}`);
    const missed = report(rows);
    if (missed.length > 0) print(`missed: ${missed.join('; ')}`);
    if (values.check && missed.length > 0) process.exitCode = 1;
  } finally {
    await vcsim.stop();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
