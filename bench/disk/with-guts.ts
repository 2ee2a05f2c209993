/**
 * Our side of the benches of disks, a process of its own: the packages as they ship, without database or cloud.
 *   copy SOURCE TARGET            a raw file or an NBD URI to a new raw file
 *   ranges DATASTORE PATH TARGET [MAP]   a flat file by HTTPS ranges (VSPHERE_* say of whom) to a new raw file; MAP is a
 *                                 JSON file of its extents of data
 *   verified SOURCE TARGET        as copy, then reads the target back from the disk and compares it
 *   disks at-once|in-turn FOLDER  all disks of the first machine by an export lease, to new raw files of a folder
 *   export VMDK MAP SINK [sha512] a streamOptimized VMDK of an https address to an http address, as qcow2; sha512: what is
 *                                 sent is digested
 *   image VMDK MAP CLOUD          the same to Glance, until the image is active; CLOUD is an entry of clouds.yaml
 * Prints a line of JSON: bytes read and written, and bytes that the digests take. What only some of them need is loaded by those.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { SILENT_LOG } from '@guts/core';
import {
  ChunkThreads,
  type CopyBudget,
  copyDisk,
  CopyMemory,
  CopyRate,
  type CopyResult,
  type DiskReader,
  type DiskStream,
  type Extent,
  type ImageStream,
  openDeviceWriter,
  openNbdReader,
  openRawFile,
  openStreamVmdk,
  parseNbdUri,
  qcow2ImageStream,
  rangeReader,
  verifyDisk,
} from '@guts/disk';
import type { VSphereSession } from '@guts/vsphere';

const { signal } = new AbortController();
const [verb = '', ...args] = process.argv.slice(2);

const print = (facts: Readonly<Record<string, unknown>>): void =>
  void process.stdout.write(`${JSON.stringify(facts)}\n`);

/** As a worker has it. */
const budget: CopyBudget = {
  memory: new CopyMemory(128 * 2 ** 20),
  rate: new CopyRate(),
  threads: new ChunkThreads({
    entry: new URL('chunk-thread.js', import.meta.url),
    count: 4,
  }),
};

async function toFile(source: DiskReader | DiskStream, path: string): Promise<CopyResult> {
  const target = await openDeviceWriter(path, { size: source.size, create: true });
  const result = await copyDisk({ source, target, signal, budget });
  await target.close();
  await source.close();
  return result;
}

function tell({ bytesRead, bytesWritten, manifest }: CopyResult): void {
  print({ bytesRead, bytesWritten, digestBytes: JSON.stringify(manifest).length });
}

const open = (from: string): Promise<DiskReader> =>
  from.startsWith('nbd')
    ? openNbdReader({ target: parseNbdUri(from), connections: 4, threads: true }, signal)
    : openRawFile(from);

async function copy([from = '', to = '']: readonly string[]): Promise<void> {
  tell(await toFile(await open(from), to));
}

async function verified([from = '', to = '']: readonly string[]): Promise<void> {
  const result = await toFile(await open(from), to);
  const reader = await openRawFile(to, { uncached: true });
  const { mismatches } = await verifyDisk({ manifest: result.manifest, reader, signal, budget });
  await reader.close();
  if (mismatches.length > 0) throw new Error('the copy differs');
  tell(result);
}

/** @throws Error when the variable is not set */
function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

async function disks([how = '', folder = '']: readonly string[]): Promise<void> {
  const { createVSphereDriver } = await import('@guts/driver-vsphere');
  const driver = createVSphereDriver();
  const settings = {
    url: environment('VSPHERE_URL'),
    username: environment('VSPHERE_USERNAME'),
    fingerprint: environment('VSPHERE_FINGERPRINT'),
  };
  const source = await driver.connect(
    { settings, secret: { password: environment('VSPHERE_PASSWORD') } },
    { signal, log: SILENT_LOG },
  );
  const [instance] = await source.find('bench', signal);
  if (!instance) throw new Error('the source has no machine called bench');
  const keys = instance.disks.map(({ key }) => key);
  const session = await source.openDisks(instance, 'lease', keys, new Map(), signal);
  const one = async ({ key, source: disk }: (typeof session.disks)[number]): Promise<void> => {
    const target = await openDeviceWriter(join(folder, key), { size: disk.size, create: true });
    await copyDisk({ source: disk, target, budget, signal });
    await target.close();
  };
  if (how === 'at-once') await Promise.all(session.disks.map(one));
  else for (const disk of session.disks) await one(disk);
  await session.complete(signal);
  await source.close();
}

async function connect(): Promise<VSphereSession> {
  const vsphere = await import('@guts/vsphere');
  return vsphere.VSphereSession.connect({
    url: environment('VSPHERE_URL'),
    username: environment('VSPHERE_USERNAME'),
    password: environment('VSPHERE_PASSWORD'),
    tls: { fingerprint: environment('VSPHERE_FINGERPRINT') },
    signal,
  });
}

/** Takes an image, and resolves when it has it all. */
type Receiver = (image: ImageStream) => Promise<void>;

/** Tables of the image first, by the map that is known; no file in between. */
async function exported(from: string, map: string, sha512: boolean, receive: Receiver): Promise<void> {
  const dataExtents = JSON.parse(await readFile(map, 'utf8')) as Extent[];
  const session = await connect();
  const url = new URL(from);
  const device = {
    key: '',
    url,
    sslThumbprint: environment('VSPHERE_FINGERPRINT'),
    disk: true,
    targetId: '',
  };
  const info = { timeoutSeconds: 300, totalBytes: 0, devices: [device] };
  const { ExportLease } = await import('@guts/vsphere');
  const lease = new ExportLease(session, { type: 'HttpNfcLease', value: 'none' }, info);
  const source = await openStreamVmdk(await lease.open(device, signal));
  const image = qcow2ImageStream({ size: source.size, dataExtents, sha512 });
  const received = receive(image);
  const result = await copyDisk({ source, target: image.writer, signal, budget });
  await received;
  await session.logout();
  tell(result);
}

async function ranges([datastore = '', path = '', to = '', map]: readonly string[]): Promise<void> {
  const session = await connect();
  const { DatastoreFile } = await import('@guts/vsphere');
  const file = new DatastoreFile(session, { datacenter: 'DC0', datastore, path });
  const extents = map === undefined ? undefined : (JSON.parse(await readFile(map, 'utf8')) as []);
  const source = rangeReader({
    size: await file.size(signal),
    requestsAtOnce: 8,
    readRange: (...range) => file.read(...range),
    ...(extents ? { map: () => extents } : {}),
  });
  tell(await toFile(source, to));
  await session.logout();
}

const intoSink =
  (to: string): Receiver =>
  async ({ body, length }) => {
    const headers = { 'content-length': String(length) };
    const { request } = await import('undici');
    const answer = await request(to, { method: 'PUT', body: body as unknown as Readable, headers });
    if (answer.statusCode >= 300) throw new Error(`the sink answered ${answer.statusCode}`);
  };

const intoGlance =
  (cloud: string): Receiver =>
  async ({ body, length }) => {
    const { createImage, loadCloud, OpenStackSession, uploadImage, waitImage } =
      await import('@guts/openstack');
    const session = await OpenStackSession.open(loadCloud({ cloud, env: process.env }), { signal });
    const draft = { name: 'bench', diskFormat: 'qcow2', minDisk: 8, properties: {} } as const;
    const { id } = await createImage(session, draft, signal);
    await uploadImage(session, id, body, { length, signal });
    await waitImage(session, id, { deadlineSeconds: 600, signal });
    await session.close();
  };

const verbs: Readonly<Record<string, (given: readonly string[]) => Promise<void>>> = {
  copy,
  verified,
  ranges,
  disks,
  export: ([from = '', map = '', to = '', sha512]) => exported(from, map, sha512 === 'sha512', intoSink(to)),
  image: ([from = '', map = '', cloud = '']) => exported(from, map, true, intoGlance(cloud)),
};
const run = verbs[verb];
if (!run) throw new Error(`no such verb: ${verb}`);
await run(args);
