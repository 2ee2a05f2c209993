import { mkdir, mkdtemp, open, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DestinationConnection, GutsError, type Marker, SILENT_LOG } from '@guts/core';
import { type Cloud, startCloud } from '@guts/lab-cloud';
import { loadCloud } from '@guts/openstack';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { BlockDevices } from '../src/brick/block-devices.ts';
import { createOpenStackDriver, hostFiles, toEndpointConfig } from '../src/index.ts';
import { type WorkerServerOptions, workerServer } from '../src/server/worker-server.ts';

const GIB = 2 ** 30;
const DISK = GIB - 100_000;
const signal = AbortSignal.timeout(240_000);
let folder: string;
let byId: string;
let cloud: Cloud;
/** Ids of the worker's server, in the target project and in another. */
let inside: string;
let outside: string;
let count = 0;
const mark = (): Marker => ({ migrationId: 'm1', artifactId: `a${(count += 1)}` });

/** The fake's volumes are files, and stand for devices here. */
const devices: BlockDevices = {
  all: async () =>
    new Set(await Promise.all((await readdir(byId)).map((name) => realpath(join(byId, name))))),
  at: async (link) => {
    const path = await realpath(link).catch(() => null);
    return path === null ? null : { path, number: path, size: (await stat(path)).size };
  },
};

function connect(
  server: Partial<WorkerServerOptions>,
  more: { project?: string; check?: () => void } = {},
): Promise<DestinationConnection> {
  const { project = 'demo', check = () => undefined } = more;
  const env = { OS_CLIENT_CONFIG_FILE: join(folder, 'clouds.yaml') };
  const config = toEndpointConfig(loadCloud({ cloud: 'fake', env }), 'server');
  const nowhere = () => Promise.reject(new Error('no route to host'));
  const own = {
    serverId: null,
    project: null,
    byId,
    devices,
    fetch: nowhere,
    instanceIdFile: '/nonexistent',
  };
  const host = {
    ...hostFiles({ volumeRoots: [], stateDir: '/nonexistent' }),
    server: workerServer({ ...own, ...server }),
  };
  return createOpenStackDriver(host).connect(config, {
    targetProject: project,
    signal,
    log: SILENT_LOG,
    check,
  });
}

const VOLUME = { name: 'v', sizeGiB: 1, volumeType: 'nfs', availabilityZone: null, imageId: null };

async function makeServer(project: string): Promise<string> {
  const connection = await connect({}, { project });
  const { flavors, networks } = await connection.facts(signal);
  const networkId = networks.find((one) => one.name === 'provider1')?.id ?? '';
  const port = { name: 'p', networkId, mac: null, addresses: [], securityGroupIds: [] };
  const root = await connection.create('volume', VOLUME, mark(), signal);
  await connection.prepareBootVolume(root.externalId, {}, signal);
  const server = await connection.create(
    'server',
    {
      name: `worker-${project}`,
      flavorId: flavors[0]?.id ?? '',
      portIds: [(await connection.create('port', port, mark(), signal)).externalId],
      bootImageId: null,
      bootVolumeId: root.externalId,
      dataVolumeIds: [],
      dataDiskBus: null,
      availabilityZone: null,
      metadata: {},
    },
    mark(),
    signal,
  );
  await connection.close();
  return server.externalId;
}

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'guts-server-')));
  byId = join(folder, 'by-id');
  await mkdir(byId);
  cloud = await startCloud({
    stateDir: join(folder, 'state'),
    deviceDir: byId,
    users: [
      { name: 'demo', project: 'demo', roles: ['member'], alsoIn: ['workers'] },
      { name: 'admin', project: 'admin', roles: ['admin'] },
    ],
    delays: { volumeCreate: 5, volumeDelete: 5, volumeAttach: 5, serverBuild: 20 },
  });
  await cloud.writeCloudsYaml(join(folder, 'clouds.yaml'));
  inside = await makeServer('demo');
  outside = await makeServer('workers');
});
afterAll(async () => {
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
});

async function withVolume(
  work: (volumeId: string, target: DestinationConnection) => Promise<void>,
): Promise<void> {
  const target = await connect({ serverId: inside });
  const { externalId } = await target.create('volume', VOLUME, mark(), signal);
  const project = cloud.volumes.get(externalId)?.projectId;
  try {
    await work(externalId, target);
    // Back where it was, free, and nothing of it is left.
    expect(cloud.volumes.get(externalId)).toMatchObject({ status: 'available', projectId: project });
    expect(await readdir(byId)).toEqual([]);
    expect(await target.remove('volume', externalId, signal)).toBe('removed');
  } finally {
    await target.close();
  }
}

async function fill(
  connection: DestinationConnection,
  data: Readonly<Record<string, unknown>>,
): Promise<void> {
  const writer = await connection.openVolumeWriter(data, DISK, { fresh: true }, signal);
  expect(writer.capabilities.readsAsZero).toBe(false);
  await writer.write(1000, Buffer.alloc(4000, 'x'), signal);
  await writer.flush(signal);
  await writer.close();
  const reader = await connection.openVolumeReader(data, DISK, signal);
  const read = Buffer.alloc(5000);
  await reader.read(0, read, signal);
  await reader.close();
  expect(read.subarray(999, 1001).toString()).toBe('\0x');
}

describe.each([
  ['of the target project', () => ({ serverId: inside }), 3],
  ['of another project', () => ({ serverId: outside, project: 'workers' }), 4],
] as const)('a worker in a server %s', (_title, server, first) => {
  test('has the volume as a device while it is attached', async () => {
    await withVolume(async (volumeId) => {
      const worker = await connect(server());
      const project = cloud.volumes.get(volumeId)?.projectId;
      const made = await worker.create('attachment', { volumeId }, mark(), signal);
      expect(made.data).toMatchObject({ kind: 'block', path: cloud.volumePath(volumeId), size: GIB });
      expect(cloud.volumes.get(volumeId)?.status).toBe('in-use');
      await fill(worker, made.data);
      const file = await open(cloud.volumePath(volumeId));
      const { buffer } = await file.read(Buffer.alloc(4000), 0, 4000, 1000);
      await file.close();
      expect(buffer.equals(Buffer.alloc(4000, 'x'))).toBe(true);
      expect(await worker.findAll('attachment', { volumeId }, mark(), signal)).toEqual([made.externalId]);
      expect(await worker.remove('attachment', made.externalId, signal)).toBe('removed');
      expect(cloud.volumes.get(volumeId)?.projectId).toBe(project);
      expect(await worker.remove('attachment', made.externalId, signal)).toBe('absent');
      await worker.close();
    });
  });

  test('may die at any of its requests: who comes after puts it right', async () => {
    await withVolume(async (volumeId) => {
      for (let dies = first; dies < 80; dies += 2) {
        let left = dies;
        const check = (): void => {
          left -= 1;
          if (left <= 0) throw new GutsError('lease_lost', 'the worker is dead');
        };
        const dying = await connect(server(), { check }).catch(() => null);
        const ended = await dying
          ?.create('attachment', { volumeId }, mark(), signal)
          .then(({ externalId }) => dying.remove('attachment', externalId, signal))
          .catch((error: unknown) => (error as GutsError).code);
        await dying?.close().catch(() => undefined);
        const successor = await connect(server());
        const found = await successor.find('attachment', { volumeId }, mark(), signal);
        // Whatever is found is of no use to it.
        const use = found
          ? await successor
              .waitUsable('attachment', found.externalId, { volumeId }, signal)
              .then(() => null)
              .catch((error: unknown) => (error as GutsError).details)
          : { unusable: true };
        expect(use).toMatchObject({ unusable: true });
        for (const id of await successor.findAll('attachment', { volumeId }, mark(), signal))
          await successor.remove('attachment', id, signal);
        await successor.close();
        expect(cloud.volumes.get(volumeId)?.status).toBe('available');
        if (ended === 'removed') return;
      }
      throw new Error('it never came to its end');
    });
  });
});

test('one worker takes the volume from another, which has its device no more', async () => {
  await withVolume(async (volumeId) => {
    const first = await connect({ serverId: outside, project: 'workers' });
    const made = await first.create('attachment', { volumeId }, mark(), signal);
    const second = await connect({ serverId: await makeServer('workers'), project: 'workers' });
    const ids = await second.findAll('attachment', { volumeId }, mark(), signal);
    expect(ids).toEqual([made.externalId]);
    for (const id of ids) expect(await second.remove('attachment', id, signal)).toBe('removed');
    expect(await readdir(byId)).toEqual([]);
    const again = await second.create('attachment', { volumeId }, mark(), signal);
    expect(again.externalId).not.toBe(made.externalId);
    await second.remove('attachment', again.externalId, signal);
    await first.close();
    await second.close();
  });
});

test("the volume of a migrated server is nobody's to detach", async () => {
  const worker = await connect({ serverId: outside, project: 'workers' });
  const listed: string[] = [];
  for await (const { kind, externalId } of worker.listMarked(signal))
    if (kind === 'attachment') listed.push(externalId);
  expect(listed).toEqual([]);
  await worker.close();
});

test('where the other project has no room the volume stays, and no offer of it is left', async () => {
  await withVolume(async (volumeId) => {
    cloud.setQuotas('workers', { volumes: 0 });
    onTestFinished(() => cloud.setQuotas('workers', { volumes: 10 }));
    const worker = await connect({ serverId: outside, project: 'workers' });
    await expect(worker.create('attachment', { volumeId }, mark(), signal)).rejects.toMatchObject({
      code: 'destination_quota',
    });
    await worker.close();
  });
});

test('a device that is not as large as the volume is not written to', async () => {
  await withVolume(async (volumeId) => {
    const odd = { ...devices, at: async (link: string) => ({ path: link, number: 'x', size: 5 }) };
    const worker = await connect({ serverId: inside, devices: odd });
    await expect(worker.create('attachment', { volumeId }, mark(), signal)).rejects.toThrow(/has 5 bytes/);
    for (const id of await worker.findAll('attachment', { volumeId }, mark(), signal))
      await worker.remove('attachment', id, signal);
    await worker.close();
  });
});

describe('which server it is', () => {
  const other = '11111111-2222-3333-4444-555555555555';
  const refusal = async (server: Partial<WorkerServerOptions>): Promise<GutsError> => {
    const worker = await connect(server);
    const error = await worker
      .create('attachment', { volumeId: 'x' }, mark(), signal)
      .catch((e: unknown) => e);
    await worker.close();
    return error as GutsError;
  };

  test.for([
    ['nothing tells', {}, /in no server of this cloud/],
    ['there is none of that id', { serverId: other }, /is not in project demo/],
    ['nor in the other project', { serverId: other, project: 'workers' }, /no server .* in project workers/],
    ['the other project is closed', { serverId: other, project: 'admin' }, /would be lent to project admin/],
  ] as const)('is refused when %s', async ([, server, why]) => {
    expect(await refusal(server)).toMatchObject({
      code: 'destination_refused',
      message: expect.stringMatching(why),
      details: { unreached: true },
      remedy: expect.stringContaining('volume_access'),
    });
  });

  test('is told by the metadata service, and by cloud-init where there is none', async () => {
    const answers =
      (body: unknown, status = 200) =>
      () =>
        Promise.resolve(new Response(JSON.stringify(body), { status }));
    const asked = (options: Partial<WorkerServerOptions>) =>
      workerServer({ serverId: null, project: null, instanceIdFile: '/nonexistent', ...options }).identity(
        signal,
      );
    const told = { uuid: other, project_id: 'p1' };
    expect(await asked({ fetch: answers(told) })).toEqual({ serverId: other, project: 'p1' });
    expect(await asked({ fetch: answers(told), project: 'p2' })).toEqual({ serverId: other, project: 'p2' });
    expect(await asked({ fetch: answers(told, 404) })).toBeNull();
    expect(await asked({ fetch: answers({ uuid: '../x' }) })).toBeNull();
    const instanceIdFile = join(folder, 'instance-id');
    await writeFile(instanceIdFile, `${other}\n`);
    expect(await asked({ fetch: answers({}, 500), instanceIdFile })).toEqual({
      serverId: other,
      project: null,
    });
    await writeFile(instanceIdFile, 'i-1234');
    expect(await asked({ fetch: answers({}, 500), instanceIdFile })).toBeNull();
  });
});
