import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ArtifactSpecs,
  type DestinationArtifactKind,
  type DestinationConnection,
  type MarkedObject,
  type Marker,
  markerText,
  SILENT_LOG,
} from '@guts/core';
import { type Cloud, type Fault, startCloud } from '@guts/lab-cloud';
import { loadCloud, OpenStackSession } from '@guts/openstack';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createOpenStackDriver, hostFiles, toEndpointConfig } from '../src/index.ts';

const MIB = 2 ** 20;
/** How an image of a small disk is sent. */
const RAW = { format: 'raw', size: MIB, areas: null, sha512: true } as const;
const signal = AbortSignal.timeout(120_000);
const bugs: unknown[] = [];
let folder: string;
let cloud: Cloud;
/** An administrator of the project `admin`, who sees other projects' things, and a member of `demo`. */
let admin: DestinationConnection;
let member: DestinationConnection;
let count = 0;
const configOf = (name: string) =>
  loadCloud({ cloud: name, env: { OS_CLIENT_CONFIG_FILE: join(folder, 'clouds.yaml') } });
const mark = (): Marker => ({ migrationId: 'm1', artifactId: `a${(count += 1)}` });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloud-recovery-'));
  cloud = await startCloud({
    stateDir: join(folder, 'state'),
    onBug: (error) => bugs.push(error),
    delays: { volumeCreate: 100, volumeDelete: 50, volumeDetach: 100, serverBuild: 150, serverPower: 20 },
  });
  await cloud.writeCloudsYaml(join(folder, 'clouds.yaml'));
  const connect = (name: string): Promise<DestinationConnection> => {
    const context = { targetProject: null, signal, log: SILENT_LOG };
    const files = hostFiles({ volumeRoots: [folder], stateDir: '/nonexistent' });
    return createOpenStackDriver(files).connect(toEndpointConfig(configOf(name), 'device'), context);
  };
  admin = await connect('fake');
  member = await connect('fake-demo');
});
afterEach(() => {
  cloud.faults.clear();
  if (bugs.length > 0) throw new AggregateError(bugs, 'the fake has bugs');
});
afterAll(async () => {
  await admin.close();
  await member.close();
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
});

const volumeSpec = { name: 'v', sizeGiB: 1, volumeType: 'nfs', availabilityZone: null, imageId: null };
const imageSpec = { name: 'i', format: 'raw' as const, minDiskGiB: 1, properties: {} };

async function portSpec(): Promise<ArtifactSpecs['port']> {
  const { networks } = await member.facts(signal);
  const networkId = networks.find((one) => one.name === 'private')?.id ?? '';
  return { name: 'p', networkId, mac: null, addresses: [], securityGroupIds: [] };
}

async function newImage(): Promise<string> {
  const image = await member.create('image', imageSpec, mark(), signal);
  const upload = member.uploadImage(image.externalId, { ...RAW, signal });
  await upload.writer.flush(signal);
  await upload.done;
  return image.externalId;
}

async function serverSpec(facts: Partial<ArtifactSpecs['server']> = {}): Promise<ArtifactSpecs['server']> {
  const { flavors } = await member.facts(signal);
  return {
    name: 's',
    flavorId: flavors[0]?.id ?? '',
    portIds: [],
    bootImageId: null,
    bootVolumeId: null,
    dataVolumeIds: [],
    dataDiskBus: null,
    availabilityZone: null,
    metadata: {},
    ...facts,
  };
}

/** The next request that matches is carried out, and its answer never comes. */
const lose = (fault: Pick<Fault, 'service' | 'method' | 'path'>): void => {
  cloud.faults.add({ ...fault, kind: 'reset', when: 'after' });
};

/** Makes it with a lost answer, and then as a successor would: finds it, waits, and makes no second one. */
async function adopted<K extends DestinationArtifactKind>(
  connection: DestinationConnection,
  kind: K,
  spec: ArtifactSpecs[K],
  fault: Pick<Fault, 'service' | 'method' | 'path'>,
): Promise<string> {
  const marker = mark();
  lose(fault);
  await expect(connection.create(kind, spec, marker, signal)).rejects.toMatchObject({
    code: 'destination_unreachable',
  });
  const found = await connection.find(kind, spec, marker, signal);
  if (!found) throw new Error(`no ${kind} was found`);
  await connection.waitUsable(kind, found.externalId, spec, signal);
  expect((await connection.find(kind, spec, marker, signal))?.externalId).toBe(found.externalId);
  return found.externalId;
}

describe('what was made though its answer was lost is found by its marker and can be used', () => {
  test('port', async () => {
    const id = await adopted(member, 'port', await portSpec(), { service: 'network', method: 'POST' });
    expect(await member.remove('port', id, signal)).toBe('removed');
    expect(cloud.state().ports).toEqual([]);
  });
  test('volume, which is still being made', async () => {
    const id = await adopted(member, 'volume', volumeSpec, { service: 'volume', method: 'POST' });
    expect(cloud.state().volumes).toMatchObject([{ id, status: 'available' }]);
    expect(await member.remove('volume', id, signal)).toBe('removed');
  });
  test('image', async () => {
    const id = await adopted(member, 'image', imageSpec, { service: 'image', method: 'POST' });
    expect(await member.remove('image', id, signal)).toBe('removed');
  });
  test('flavor', async () => {
    const spec = { name: 'guts-1', vcpus: 1, ramMiB: 128, diskGiB: 0 };
    const id = await adopted(admin, 'flavor', spec, { service: 'compute', method: 'POST' });
    expect(await admin.remove('flavor', id, signal)).toBe('removed');
  });
  test.for([/attachments$/, /action$/])('attachment, lost at %s', async (path) => {
    const volume = await member.create('volume', volumeSpec, mark(), signal);
    const spec = { volumeId: volume.externalId };
    const id = await adopted(member, 'attachment', spec, { service: 'volume', method: 'POST', path });
    expect(cloud.state().attachments).toMatchObject([{ id, status: 'attached' }]);
    expect(await member.remove('attachment', id, signal)).toBe('removed');
    expect(await member.remove('volume', volume.externalId, signal)).toBe('removed');
  });
  test('server, which is still being built', async () => {
    const bootImageId = await newImage();
    const spec = await serverSpec({ bootImageId });
    const id = await adopted(member, 'server', spec, {
      service: 'compute',
      method: 'POST',
      path: /servers$/,
    });
    expect(cloud.state().servers).toMatchObject([{ id, status: 'ACTIVE' }]);
    expect(await member.remove('server', id, signal)).toBe('removed');
    await member.remove('image', bootImageId, signal);
  });
});

describe('what is found but never will be of use says so', () => {
  const useless = { code: 'destination_fault', details: { unusable: true } };

  test('a server in ERROR, which is removed and made anew', async () => {
    const bootImageId = await newImage();
    const spec = await serverSpec({ bootImageId });
    const marker = mark();
    const no = 'No valid host was found.';
    cloud.faults.add({ service: 'compute', method: 'POST', path: /servers$/, kind: 'doom', message: no });
    await expect(member.create('server', spec, marker, signal)).rejects.toMatchObject(useless);
    const found = await member.find('server', spec, marker, signal);
    const id = found?.externalId ?? '';
    const waiting = member.waitUsable('server', id, spec, signal);
    await expect(waiting).rejects.toMatchObject({ ...useless, message: /No valid host was found/ });
    // It never ran: it needs no stop, which Nova would refuse.
    await member.stopServer(id, signal);
    expect(await member.remove('server', id, signal)).toBe('removed');
    const again = await member.create('server', spec, marker, signal);
    expect((await member.find('server', spec, marker, signal))?.externalId).toBe(again.externalId);
    await member.remove('server', again.externalId, signal);
    await member.remove('image', bootImageId, signal);
  });

  test('a volume in error, and one that is being deleted', async () => {
    const marker = mark();
    cloud.faults.add({ service: 'volume', method: 'POST', path: /volumes$/, kind: 'doom' });
    await expect(member.create('volume', volumeSpec, marker, signal)).rejects.toThrow(/error/);
    const id = (await member.find('volume', volumeSpec, marker, signal))?.externalId ?? '';
    await expect(member.waitUsable('volume', id, volumeSpec, signal)).rejects.toMatchObject(useless);
    // Two at once, as of a predecessor and its successor.
    const both = await Promise.all([
      member.remove('volume', id, signal),
      member.remove('volume', id, signal),
    ]);
    expect(both).toContain('removed');
    expect(await member.remove('volume', id, signal)).toBe('absent');
  });

  test('an image with half of its bytes', async () => {
    const marker = mark();
    const image = await member.create('image', imageSpec, marker, signal);
    await member.waitUsable('image', image.externalId, imageSpec, signal);
    const quitter = new AbortController();
    const options = { ...RAW, size: 64 * MIB, signal: quitter.signal };
    const upload = member.uploadImage(image.externalId, options);
    await upload.writer.write(0, randomBytes(MIB), signal);
    await expect.poll(() => cloud.images.get(image.externalId)?.status).toBe('saving');
    const id = (await member.find('image', imageSpec, marker, signal))?.externalId ?? '';
    await expect(member.waitUsable('image', id, imageSpec, signal)).rejects.toMatchObject({
      ...useless,
      message: /saving/,
    });
    quitter.abort();
    await expect(upload.done).rejects.toThrow(/./);
    await upload.writer.close().catch(() => undefined);
    expect(await member.remove('image', id, signal)).toBe('removed');
  });

  test('an attachment that never got a connection can be removed', async () => {
    const volume = await member.create('volume', volumeSpec, mark(), signal);
    const spec = { volumeId: volume.externalId };
    // As Cinder leaves it when its API dies between reserving and connecting.
    const session = await OpenStackSession.open(configOf('fake-demo'), { signal });
    const json = { attachment: { volume_uuid: volume.externalId } };
    await session.call('volume', { method: 'POST', path: '/attachments', json, signal });
    await session.close();
    const found = await member.find('attachment', spec, mark(), signal);
    const id = found?.externalId ?? '';
    expect(cloud.state().attachments).toMatchObject([{ id, status: 'reserved' }]);
    await expect(member.waitUsable('attachment', id, spec, signal)).rejects.toMatchObject(useless);
    expect(await member.remove('attachment', id, signal)).toBe('removed');
    await member.remove('volume', volume.externalId, signal);
  });
});

describe('removing', () => {
  test('goes on when the answers are lost, and waits for a volume to let go', async () => {
    const volume = await member.create('volume', volumeSpec, mark(), signal);
    const attachment = await member.create('attachment', { volumeId: volume.externalId }, mark(), signal);
    expect(await member.remove('attachment', attachment.externalId, signal)).toBe('removed');
    expect(cloud.state().volumes).toMatchObject([{ status: 'detaching' }]);
    // A successor attaches it anew as soon as it is free.
    const again = await member.create('attachment', { volumeId: volume.externalId }, mark(), signal);
    lose({ service: 'volume', method: 'DELETE', path: /attachments/ });
    await member.remove('attachment', again.externalId, signal);
    lose({ service: 'volume', method: 'DELETE', path: /volumes/ });
    expect(await member.remove('volume', volume.externalId, signal)).toBe('removed');
  });

  test('a volume that somebody holds is refused with its holder', async () => {
    const volume = await member.create('volume', volumeSpec, mark(), signal);
    const holder = mark();
    const first = await member.create('attachment', { volumeId: volume.externalId }, holder, signal);
    const second = member.create('attachment', { volumeId: volume.externalId }, mark(), signal);
    await expect(second).rejects.toMatchObject({
      message: expect.stringContaining(markerText(holder)) as string,
    });
    await member.remove('attachment', first.externalId, signal);
    await member.remove('volume', volume.externalId, signal);
  });

  test('a server that is being deleted, or locked', async () => {
    const bootImageId = await newImage();
    const spec = await serverSpec({ bootImageId });
    const { externalId: id } = await member.create('server', spec, mark(), signal);
    lose({ service: 'compute', method: 'POST', path: /action$/ });
    await member.parkServer(id, 'reverted', signal);
    await member.parkServer(id, 'reverted', signal);
    expect(cloud.state().servers).toMatchObject([{ status: 'SHUTOFF', locked: 'reverted' }]);
    await expect(member.startServer(id, signal)).rejects.toThrow(/locked/);
    const both = await Promise.all([
      member.remove('server', id, signal),
      member.remove('server', id, signal),
    ]);
    expect(both).toContain('removed');
    expect(await member.remove('server', id, signal)).toBe('absent');
    await member.parkServer(id, 'reverted', signal);
    await member.remove('image', bootImageId, signal);
    expect(cloud.state()).toMatchObject({ servers: [], volumes: [], images: [], ports: [], attachments: [] });
  });
});

test('everything of the project that is marked is listed, and removed in the order of the list', async () => {
  const bootImageId = await newImage();
  const data = await member.create('volume', volumeSpec, mark(), signal);
  const copied = await member.create('volume', volumeSpec, mark(), signal);
  await member.create('attachment', { volumeId: copied.externalId }, mark(), signal);
  const port = await member.create('port', await portSpec(), mark(), signal);
  const facts = { bootImageId, portIds: [port.externalId], dataVolumeIds: [data.externalId] };
  const spec = await serverSpec(facts);
  const server = await member.create('server', spec, mark(), signal);
  await admin.create('volume', volumeSpec, mark(), signal);
  await admin.create('flavor', { name: 'guts-2', vcpus: 1, ramMiB: 64, diskGiB: 0 }, mark(), signal);
  await member.parkServer(server.externalId, 'x', signal);

  const listed = async (connection: DestinationConnection): Promise<MarkedObject[]> => {
    const found: MarkedObject[] = [];
    for await (const one of connection.listMarked(signal)) found.push(one);
    return found;
  };
  const kinds = (found: readonly MarkedObject[]): string => found.map((one) => one.kind).join(' ');
  const mine = await listed(member);
  expect(kinds(mine)).toBe('server attachment volume volume image port flavor');
  expect(mine.every((one) => one.marker.migrationId === 'm1')).toBe(true);
  expect(new Set(mine.map((one) => one.marker.artifactId)).size).toBe(mine.length);
  // Nobody's but the project's own, though an administrator may see all.
  expect(kinds(await listed(admin))).toBe('volume flavor');
  const own = (await listed(member)).filter((one) => one.kind !== 'flavor');
  for (const { kind, externalId } of own)
    expect(await member.remove(kind as DestinationArtifactKind, externalId, signal)).toBe('removed');
  for (const { kind, externalId } of await listed(admin))
    expect(await admin.remove(kind as DestinationArtifactKind, externalId, signal)).toBe('removed');
  expect(await listed(member)).toEqual([]);
});

test('a volume that is gone on with reads as nothing in particular, and its old path is gone with its attachment', async () => {
  const volume = await member.create('volume', volumeSpec, mark(), signal);
  const spec = { volumeId: volume.externalId };
  const first = await member.create('attachment', spec, mark(), signal);
  const writer = await member.openVolumeWriter(first.data, MIB, { fresh: true }, signal);
  expect(writer.capabilities.readsAsZero).toBe(true);
  await writer.write(0, Buffer.from('flushed'), signal);
  await writer.flush(signal);
  await member.remove('attachment', first.externalId, signal);
  await expect(member.openVolumeWriter(first.data, MIB, { fresh: false }, signal)).rejects.toThrow(
    /ENOENT|no such/i,
  );
  const second = await member.create('attachment', spec, mark(), signal);
  expect(second.data).not.toEqual(first.data);
  const next = await member.openVolumeWriter(second.data, MIB, { fresh: false }, signal);
  expect(next.capabilities.readsAsZero).toBe(false);
  await next.write(7, Buffer.from(' and gone on with'), signal);
  await next.flush(signal);
  await next.close();
  await writer.close();
  const reader = await member.openVolumeReader(second.data, MIB, signal);
  const back = Buffer.alloc(24);
  await reader.read(0, back, signal);
  await reader.close();
  expect(back.toString()).toBe('flushed and gone on with');
  await member.remove('attachment', second.externalId, signal);
  await member.remove('volume', volume.externalId, signal);
});
