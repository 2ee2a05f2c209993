import { createHash } from 'node:crypto';
import { mkdtemp, open, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ShareHolds } from './holds.ts';
import { mountIdOf } from './mount-table.ts';
import { NfsMounts } from './mounts.ts';

const SHARE = '10.0.0.5:/volumes';
const signal = AbortSignal.timeout(60_000);
let folder: string;
/** What is mounted, as the kernel would say; every mount point is a folder of the same file system here. */
let mounted: string[];
let commands: string[];
let fails: string | null;
let id: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'nfs-mounts-')));
  mounted = [];
  commands = [];
  fails = null;
  const handle = await open(folder);
  id = mountIdOf(await readFile(`/proc/self/fdinfo/${handle.fd}`, 'utf8')) ?? '';
  await handle.close();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const pointOf = (share: string): string => join(folder, createHash('md5').update(share).digest('hex'));

const make = (shares: readonly string[] = [SHARE]): NfsMounts =>
  new NfsMounts({
    shares,
    folder,
    mountInfo: () =>
      Promise.resolve(mounted.map((point) => `${id} 1 0:50 / ${point} rw - nfs4 x:/y rw\n`).join('')),
    run: (command, args) => {
      commands.push([command, ...args].join(' '));
      if (fails !== null) return Promise.reject(new Error(fails));
      const point = args.at(-1) ?? '';
      if (command === 'mount') mounted.push(point);
      else mounted = mounted.filter((one) => one !== point);
      return Promise.resolve();
    },
  });

test('is mounted once for all who use it, and unmounted by the last', async () => {
  const mounts = make();
  const [one, two] = await Promise.all([
    mounts.hold(SHARE, '-o vers=3', signal),
    mounts.hold(SHARE, '-o vers=3', signal),
  ]);
  expect(one.point).toBe(pointOf(SHARE));
  expect(two.point).toBe(one.point);
  expect(commands).toEqual([`mount -t nfs -o vers=3,nosuid,nodev,noexec ${SHARE} ${one.point}`]);
  await one.release();
  await one.release();
  expect(mounted).toEqual([one.point]);
  await two.release();
  expect(mounted).toEqual([]);
  await (await mounts.hold(SHARE, '', signal)).release();
  expect(commands).toHaveLength(4);
});

test('one that another process uses stays, and what nobody uses goes at the first use', async () => {
  const mounts = make(['*']);
  mounted = [pointOf('dead:/x')];
  // The folder itself was made when it was mounted.
  await (await make(['*']).hold('dead:/x', '', signal)).release();
  mounted = [pointOf('dead:/x')];
  const hold = await mounts.hold(SHARE, '', signal);
  expect(mounted).toEqual([hold.point]);
  fails = 'umount: /x: target is busy.';
  await hold.release();
  expect(mounted).toEqual([hold.point]);
  fails = 'umount: it broke';
  const again = await mounts.hold(SHARE, '', signal);
  await expect(again.release()).rejects.toThrow('it broke');
});

test.for([
  ['mount: only root can do that', /CAP_SYS_ADMIN.*root_helper/],
  ['mount.nfs: Connection timed out', /reaches the NFS server/],
] as const)('that it cannot be mounted (%s) is told with what to do', async ([why, remedy]) => {
  fails = why;
  await expect(make().hold(SHARE, '', signal)).rejects.toMatchObject({
    code: 'destination_refused',
    details: { unreached: true },
    message: expect.stringContaining(why),
    remedy: expect.stringMatching(remedy),
  });
});

test('with options that are not allowed nothing is mounted', async () => {
  await expect(make().hold(SHARE, '-o suid', signal)).rejects.toThrow(/"suid"/);
  expect(commands).toEqual([]);
});

test('only shares that the operator names are mounted, and only ones that are shares', async () => {
  const mounts = make([SHARE, '-o:/x']);
  expect(mounts.allows(SHARE)).toBe(true);
  expect(mounts.allows('10.0.0.6:/volumes')).toBe(false);
  expect(mounts.allows('-o:/x')).toBe(false);
  expect(make(['*']).allows('10.0.0.6:/volumes')).toBe(true);
  const holds = new ShareHolds(mounts);
  expect(await holds.pointOf('10.0.0.6:/volumes', '', signal)).toBeNull();
  expect(await new ShareHolds(null).pointOf(SHARE, '', signal)).toBeNull();
  expect(await holds.pointOf(SHARE, '', signal)).toBe(pointOf(SHARE));
  expect(await holds.pointOf(SHARE, '', signal)).toBe(pointOf(SHARE));
  await holds.close();
  expect(mounted).toEqual([]);
});
