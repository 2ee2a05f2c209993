import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listenAdmin } from '../../lab/vcenter/src/http/admin.ts';
import { portOf } from '../../lab/vcenter/src/http/listener.ts';
import { startVCenter } from '../../lab/vcenter/src/vcenter.ts';
import { startVcsim, type Vcsim } from '../../lab/real/test/support/vcsim.ts';
import { type Contender, type Figures, type Measured, measureInTurn } from './measure.ts';
import { makeTestDisk, TEST_DISK } from './test-disk.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

export interface Goal {
  readonly text: string;
  readonly value: number;
  readonly met: boolean;
}
export interface BenchParts {
  /** Where files are made. */
  readonly folder: string;
  /** The test disk, and its extents of data. */
  readonly disk: string;
  readonly extents: readonly { readonly offset: number; readonly length: number }[];
  /** The same as a file of JSON. */
  readonly map: string;
  /** The command of our side. */
  readonly ours: string;
  readonly rounds: number;
  readonly print: (line: string) => void;
}
export interface Outcome {
  readonly measured: readonly Measured[];
  readonly goals: readonly Goal[];
}
export interface Bench {
  readonly number: number;
  readonly title: string;
  open(parts: BenchParts): Promise<Outcome>;
}

/** How many times as fast the first is as the second. */
function speed(measured: readonly Measured[], first: number, second: number): number {
  return (measured[second]?.median.seconds ?? NaN) / (measured[first]?.median.seconds ?? NaN);
}
const atLeast = (text: string, value: number, least: number): Goal => ({
  text: `${text} (at least ${least})`,
  value,
  met: value >= least,
});
const atMost = (text: string, value: number, most: number): Goal => ({
  text: `${text} (at most ${most})`,
  value,
  met: value <= most,
});

async function run(
  { rounds, print }: BenchParts,
  contenders: readonly Contender[],
  times = rounds,
): Promise<Measured[]> {
  const onRun = (name: string, { seconds }: Figures): void => print(`    ${name}: ${seconds.toFixed(2)} s`);
  return measureInTurn(contenders, times, onRun);
}

/** A command that ends well only when both files are the same. */
async function same(one: string, other: string): Promise<void> {
  const child = spawn('cmp', [one, other], { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`${other} is not ${one}`);
}

/** Into a new file, compared with the disk after the first run of each. */
function intoFile(
  parts: BenchParts,
  name: string,
  command: (target: string) => string,
  env?: NodeJS.ProcessEnv,
): Contender {
  const target = join(parts.folder, 'out.raw');
  let compared = false;
  return {
    name,
    command: command(target),
    ...(env ? { env } : {}),
    prepare: () => rm(target, { force: true }),
    check: async () => {
      if (!compared) await same(parts.disk, target);
      compared = true;
    },
  };
}

const diskToDisk: Bench = {
  number: 1,
  title: 'Disk to disk, digests on',
  async open(parts) {
    const { disk, ours, folder } = parts;
    const socket = join(folder, 'nbd.sock');
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

/** The folder of vcsim's first datastore; of the vcsim that was started last. */
async function datastoreOf(): Promise<string> {
  const all: { path: string; at: number }[] = [];
  for (const name of await readdir(tmpdir())) {
    if (!/^govcsim-.*LocalDS_0/.test(name)) continue;
    const path = join(tmpdir(), name);
    all.push({ path, at: (await stat(path)).mtimeMs });
  }
  const [last] = all.toSorted((one, other) => other.at - one.at);
  if (!last) throw new Error('vcsim has made no datastore');
  return last.path;
}

const environmentOf = ({ url, username, password, fingerprint }: Omit<Vcsim, 'stop'>): NodeJS.ProcessEnv => ({
  VSPHERE_URL: url,
  VSPHERE_USERNAME: username,
  VSPHERE_PASSWORD: password,
  VSPHERE_FINGERPRINT: fingerprint,
});

const httpsRanges: Bench = {
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
      const curl = `nbdkit --exit-with-parent -r curl sslverify=false user=${vcsim.username} password=${vcsim.password} 'url=${url}'`;
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

/** Takes everything and keeps nothing, hashes nothing. */
async function startSink(): Promise<{ readonly url: string; stop(): void }> {
  const server = createServer((request, response) => {
    request.on('data', () => undefined).on('end', () => response.writeHead(204).end());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/image`, stop: () => server.close() };
}

const exportToSink: Bench = {
  number: 3,
  title: 'Export as qcow2 into a sink that does not hash',
  async open(parts) {
    const { disk, ours, map, folder } = parts;
    const vmdk = join(folder, 'disk.vmdk');
    const made = await stat(vmdk).catch(() => null);
    if (!made) {
      parts.print('    making the streamOptimized VMDK');
      const child = spawn(
        'qemu-img',
        ['convert', '-f', 'raw', '-O', 'vmdk', '-o', 'subformat=streamOptimized', disk, `${vmdk}.tmp.vmdk`],
        { stdio: 'inherit' },
      );
      const [code] = (await once(child, 'close')) as [number];
      if (code !== 0) throw new Error('qemu-img failed');
      await link(`${vmdk}.tmp.vmdk`, vmdk);
    }
    const vcsim = await startVcsim(1);
    const sink = await startSink();
    try {
      const datastore = join(await datastoreOf(), 'bench');
      await mkdir(datastore);
      await link(vmdk, join(datastore, 'bench.vmdk'));
      const url = `${vcsim.url}/folder/bench/bench.vmdk?dcPath=DC0&dsName=LocalDS_0`;
      const [down, converted] = [join(folder, 'down.vmdk'), join(folder, 'down.qcow2')];
      const login = `-u ${vcsim.username}:${vcsim.password}`;
      const clean = async (): Promise<void> => {
        await rm(down, { force: true });
        await rm(converted, { force: true });
      };
      const measured = await run(parts, [
        {
          name: 'guts, in one pass',
          command: `${ours} export '${url}' ${map} ${sink.url}`,
          env: environmentOf(vcsim),
        },
        {
          name: 'download, qemu-img convert, upload (2016)',
          command: `curl -skf ${login} -o ${down} '${url}' && qemu-img convert -f vmdk -O qcow2 ${down} ${converted} && curl -sf -T ${converted} ${sink.url}`,
          prepare: clean,
          check: clean,
        },
      ]);
      return { measured, goals: [atLeast('times as fast', speed(measured, 0, 1), 2.5)] };
    } finally {
      sink.stop();
      await vcsim.stop();
    }
  },
};

/** What one stream of an ESXi host was seen to give; bytes per second. */
const ESXI_STREAM = 30e6;

const fourAtOnce: Bench = {
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

const flatMemory: Bench = {
  number: 5,
  title: 'Memory, whatever the size of the disk',
  async open(parts) {
    const { folder, ours } = parts;
    const target = join(folder, 'out.raw');
    const contenders: Contender[] = [];
    for (const [name, size] of [
      ['64 GiB', 64 * GIB],
      ['4 TiB', 4096 * GIB],
    ] as const) {
      const path = join(folder, `sparse-${size}.raw`);
      await makeTestDisk(path, { ...TEST_DISK, size });
      contenders.push({
        name: `guts, ${name} with 2 GiB of data`,
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
        atMost('digests, MiB per TiB of data in scattered extents', perTib(measured[0]), 8),
      ],
    };
  },
};

const verification: Bench = {
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

export const benches: readonly Bench[] = [
  diskToDisk,
  httpsRanges,
  exportToSink,
  fourAtOnce,
  flatMemory,
  verification,
];
