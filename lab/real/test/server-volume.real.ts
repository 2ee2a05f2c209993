/** Volumes at a real server of Nova that runs: attached, known by their serial, lent to its project, and detached. */
import { execFile } from 'node:child_process';
import { open, stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type DestinationConnection, type Marker, SILENT_LOG } from '@guts/core';
import { createOpenStackDriver, hostFiles, toEndpointConfig, workerServer } from '@guts/driver-openstack';
import { loadCloud } from '@guts/openstack';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RealCloud } from './support/cloud.ts';
import { CLOUDS_FILE, GUEST_IMAGE, LAB_STATE, volumeFile } from './support/lab.ts';

const GIB = 2 ** 30;
const signal = AbortSignal.timeout(560_000);
let demo: RealCloud;
let maker: DestinationConnection;
let serverId = '';
const made: ['image' | 'port' | 'server', string][] = [];
let count = 0;
const mark = (): Marker => ({ migrationId: 'real', artifactId: `server-${process.pid}-${(count += 1)}` });

/** Serials of the server's disks, as libvirt has them. */
async function serials(): Promise<string> {
  const socket = `qemu:///system?socket=${LAB_STATE}/libvirt/run/libvirt-sock`;
  const { stdout } = await promisify(execFile)('virsh', ['-c', socket, 'dumpxml', serverId]);
  return [...stdout.matchAll(/<serial>(.*?)<\/serial>/g)].map(([, serial]) => serial).join(' ');
}

/** A worker in that server. We are not in it: what its guest would find by the serial, Cinder's file stands for here. */
function connect(project: string | null): Promise<DestinationConnection> {
  const cloud = loadCloud({ cloud: 'lab-demo', env: { OS_CLIENT_CONFIG_FILE: CLOUDS_FILE } });
  const links = async (): Promise<string[]> =>
    (await serials())
      .split(' ')
      .filter(Boolean)
      .map((serial) => `/dev/disk/by-id/virtio-${serial.slice(0, 20)} ${serial}`);
  const devices = {
    all: () => Promise.resolve(new Set<string>()),
    at: async (link: string) => {
      const path = volumeFile(link.split(' ')[1] ?? '');
      return { path, number: path, size: (await stat(path)).size };
    },
  };
  const server = { ...workerServer({ serverId, project: 'demo' }), links, devices };
  const host = { ...hostFiles({ volumeRoots: [], stateDir: '/nonexistent' }), server };
  const context = { targetProject: project, signal, log: SILENT_LOG };
  return createOpenStackDriver(host).connect(toEndpointConfig(cloud, 'server'), context);
}

async function upload(imageId: string): Promise<void> {
  const file = await open(GUEST_IMAGE.bios);
  const { size } = await file.stat();
  const sent = maker.uploadImage(imageId, { format: 'raw', size, areas: null, sha512: true, signal });
  for (let at = 0; at < size; at += 2 ** 20) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2 ** 20), 0, 2 ** 20, at);
    await sent.writer.write(at, buffer.subarray(0, bytesRead), signal);
  }
  await sent.writer.flush(signal);
  await sent.writer.close();
  await sent.done;
  await file.close();
}

beforeAll(async () => {
  demo = await RealCloud.open('lab-demo');
  maker = await connect(null);
  const { flavors, networks } = await maker.facts(signal);
  const image = { name: 'worker', format: 'raw' as const, minDiskGiB: 1, properties: {} };
  const { externalId: imageId } = await maker.create('image', image, mark(), signal);
  made.push(['image', imageId]);
  await upload(imageId);
  const networkId = networks.find(({ name }) => name === 'provider1')?.id ?? '';
  const port = { name: 'worker', networkId, mac: null, addresses: [], securityGroupIds: [] };
  const { externalId: portId } = await maker.create('port', port, mark(), signal);
  made.push(['port', portId]);
  const spec = {
    name: 'worker',
    flavorId: flavors.find(({ name }) => name === 'm1.tiny')?.id ?? '',
    portIds: [portId],
    bootImageId: imageId,
    bootVolumeId: null,
    dataVolumeIds: [],
    dataDiskBus: null,
    availabilityZone: null,
    metadata: {},
  };
  serverId = (await maker.create('server', spec, mark(), signal)).externalId;
  made.push(['server', serverId]);
  // A guest that is not up yet does not let go of a disk.
  while (!(await demo.console(serverId)).includes('GUTS-GUEST-READY'))
    await pause(1000, undefined, { signal });
}, 300_000);

afterAll(async () => {
  for (const [kind, id] of made.toReversed()) await maker.remove(kind, id, signal);
  await maker.close();
}, 120_000);

test.for([['demo'], ['demo2']] as const)(
  'a volume of project %s is attached to a server of project demo, and comes back',
  async ([project]) => {
    const cloud = await RealCloud.open(project === 'demo' ? 'lab-demo' : 'lab-demo2');
    const worker = await connect(project);
    const empty = { name: 'lent', sizeGiB: 1, volumeType: 'nfs', availabilityZone: null, imageId: null };
    const { externalId: volumeId } = await worker.create('volume', empty, mark(), signal);
    const before = await cloud.show('volumev3', `/volumes/${volumeId}`, 'volume');
    try {
      const attached = await worker.create('attachment', { volumeId }, mark(), signal);
      expect(attached).toMatchObject({ externalId: `${serverId}/${volumeId}`, data: { size: GIB } });
      expect(await serials()).toContain(volumeId);
      expect(await demo.show('volumev3', `/volumes/${volumeId}`, 'volume')).toMatchObject({
        status: 'in-use',
        metadata: before['metadata'],
      });
      // Who comes after finds it by the volume alone, and knows that it cannot use it.
      const successor = await connect(project);
      const found = await successor.find('attachment', { volumeId }, mark(), signal);
      expect(found?.externalId).toBe(attached.externalId);
      expect(await successor.findAll('attachment', { volumeId }, mark(), signal)).toEqual([
        attached.externalId,
      ]);
      expect(await successor.remove('attachment', attached.externalId, signal)).toBe('removed');
      expect(await successor.remove('attachment', attached.externalId, signal)).toBe('absent');
      await successor.close();
      expect(await serials()).not.toContain(volumeId);
      const after = await cloud.show('volumev3', `/volumes/${volumeId}`, 'volume');
      expect(after).toMatchObject({
        status: 'available',
        metadata: before['metadata'],
        'os-vol-tenant-attr:tenant_id': cloud.projectId,
      });
    } finally {
      for (const id of await worker.findAll('attachment', { volumeId }, mark(), signal))
        await worker.remove('attachment', id, signal);
      expect(await worker.remove('volume', volumeId, signal)).toBe('removed');
      await worker.close();
    }
  },
);
