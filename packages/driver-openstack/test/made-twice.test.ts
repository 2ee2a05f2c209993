import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DestinationConnection, GutsError, type Marker, type ServerSpec, SILENT_LOG } from '@guts/core';
import { type Cloud, startCloud } from '@guts/lab-cloud';
import { loadCloud } from '@guts/openstack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createOpenStackDriver, hostFiles, toEndpointConfig } from '../src/index.ts';

const signal = AbortSignal.timeout(120_000);
let folder: string;
let cloud: Cloud;
let member: DestinationConnection;
let networkId: string;
let flavorId: string;
let count = 0;
const mark = (): Marker => ({ migrationId: 'm1', artifactId: `a${(count += 1)}` });

function connect(check: () => void = () => undefined): Promise<DestinationConnection> {
  const env = { OS_CLIENT_CONFIG_FILE: join(folder, 'clouds.yaml') };
  const config = toEndpointConfig(loadCloud({ cloud: 'fake-demo', env }), 'device');
  const driver = createOpenStackDriver(hostFiles({ volumeRoots: [folder], stateDir: '/nonexistent' }));
  return driver.connect(config, { targetProject: null, signal, log: SILENT_LOG, check });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'made-twice-'));
  cloud = await startCloud({ stateDir: join(folder, 'state') });
  await cloud.writeCloudsYaml(join(folder, 'clouds.yaml'));
  member = await connect();
  const facts = await member.facts(signal);
  networkId = facts.networks.find((one) => one.name === 'private')?.id ?? '';
  flavorId = facts.flavors[0]?.id ?? '';
});
afterAll(async () => {
  await member.close();
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
});

const portSpec = () => ({ name: 'web', networkId, mac: null, addresses: [], securityGroupIds: [] });
const volumeSpec = { name: 'v', sizeGiB: 1, volumeType: 'nfs', availabilityZone: null, imageId: null };
const imageSpec = { name: 'i', format: 'raw' as const, minDiskGiB: 1, properties: {} };

async function bootable(): Promise<string> {
  const { externalId } = await member.create('volume', volumeSpec, mark(), signal);
  await member.prepareBootVolume(externalId, {}, signal);
  return externalId;
}

async function serverOn(port: string, volume: string | null, image: string | null = null) {
  const spec: ServerSpec = {
    name: 'web',
    flavorId,
    portIds: [port],
    bootImageId: image,
    bootVolumeId: volume,
    dataVolumeIds: [],
    dataDiskBus: null,
    availabilityZone: null,
    metadata: {},
  };
  return { spec, create: (marker: Marker) => member.create('server', spec, marker, signal) };
}

describe('what was made twice under one marker is found twice', () => {
  test('ports, volumes and images', async () => {
    const specs = { port: portSpec(), volume: volumeSpec, image: imageSpec };
    for (const kind of ['port', 'volume', 'image'] as const) {
      const marker = mark();
      const made = [1, 2].map(() => member.create(kind, specs[kind], marker, signal));
      const ids = (await Promise.all(made)).map((one) => one.externalId);
      expect([...(await member.findAll(kind, specs[kind], marker, signal))].toSorted()).toEqual(
        ids.toSorted(),
      );
      expect(await member.findAll(kind, specs[kind], mark(), signal)).toEqual([]);
      for (const id of ids) await member.remove(kind, id, signal);
    }
  });

  test('servers', async () => {
    const marker = mark();
    const ids: string[] = [];
    for (let n = 0; n < 2; n += 1) {
      const port = await member.create('port', portSpec(), mark(), signal);
      const { create } = await serverOn(port.externalId, await bootable());
      ids.push((await create(marker)).externalId);
    }
    const { spec } = await serverOn('', '');
    expect([...(await member.findAll('server', spec, marker, signal))].toSorted()).toEqual(ids.toSorted());
    for (const id of ids) await member.remove('server', id, signal);
  });
});

test('a server is refused whose port, boot volume or image is gone', async () => {
  const port = await member.create('port', portSpec(), mark(), signal);
  const gone = await member.create('port', portSpec(), mark(), signal);
  await member.remove('port', gone.externalId, signal);
  const volume = await bootable();
  const removed = await bootable();
  await member.remove('volume', removed, signal);
  const image = await member.create('image', imageSpec, mark(), signal);
  await member.remove('image', image.externalId, signal);
  for (const [onPort, onVolume, onImage] of [
    [gone.externalId, volume, null],
    [port.externalId, removed, null],
    [port.externalId, null, image.externalId],
  ] as const) {
    const { spec, create } = await serverOn(onPort, onVolume, onImage);
    const marker = mark();
    await expect(create(marker)).rejects.toThrow(/gone|not found|could not be found|no such|invalid/i);
    expect(await member.findAll('server', spec, marker, signal)).toEqual([]);
  }
});

test('a lease that is lost in the middle of a call ends it before its next request', async () => {
  const port = await member.create('port', portSpec(), mark(), signal);
  const { create } = await serverOn(port.externalId, await bootable());
  const server = await create(mark());
  let left = Infinity;
  const check = (): void => {
    left -= 1;
    if (left < 0) throw new GutsError('lease_lost', 'another worker took the lease over');
  };
  const loser = await connect(check);
  // It looks first, and then asks for the stop.
  left = 1;
  await expect(loser.stopServer(server.externalId, signal)).rejects.toMatchObject({ code: 'lease_lost' });
  expect((await member.serverState(server.externalId, signal)).state).toBe('active');
  await loser.close();
  await member.remove('server', server.externalId, signal);
});
