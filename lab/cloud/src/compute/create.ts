/** `POST /servers`: what Nova checks before it accepts a server. */
import { randomUUID } from 'node:crypto';
import { badRequest, conflict, forbidden, notFound } from '../http/api-error.ts';
import {
  flagIn,
  integerIn,
  listIn,
  objectIn,
  objectsIn,
  requiredText,
  textIn,
  textMapIn,
  textsIn,
  type JsonObject,
} from '../http/json.ts';
import type { Call } from '../http/service.ts';
import { visible } from '../image/list.ts';
import { makePort } from '../network/ports.ts';
import { visibleNetwork } from '../network/visible.ts';
import { attach } from '../volume/attachments.ts';
import { findVolume } from '../volume/find.ts';
import { projectOf, type World } from '../world.ts';
import type { AttachedVolume, Flavor, Server } from './state.ts';

function refuseOverQuota(world: World, projectId: string, flavor: Flavor): void {
  const own = [...world.compute.servers.values()].filter((one) => one.projectId === projectId);
  const quotas = world.quotas(projectId);
  const sum = (value: (one: Flavor) => number): number =>
    own.reduce((total, one) => total + value(one.flavor), 0);
  for (const [name, limit, used, more] of [
    ['instances', quotas.instances, own.length, 1],
    ['cores', quotas.cores, sum((one) => one.vcpus), flavor.vcpus],
    ['ram', quotas.ram, sum((one) => one.ram), flavor.ram],
  ] as const)
    if (limit >= 0 && used + more > limit)
      throw forbidden(
        `Quota exceeded for ${name}: Requested ${more}, but already used ${used} of ${limit} ${name}`,
      );
}

function portsFor(world: World, call: Call, wanted: JsonObject, serverId: string): string[] {
  if (wanted['networks'] === 'none' || wanted['networks'] === 'auto') return [];
  return (objectsIn(wanted, 'networks') ?? []).map((entry) => {
    const portId = textIn(entry, 'port');
    if (portId === undefined) {
      const network = visibleNetwork(world, call, requiredText(entry, 'uuid'));
      const made = makePort(world, projectOf(call.token), network, {});
      made.bornForServer = true;
      made.deviceId = serverId;
      return made.id;
    }
    const port = world.network.ports.get(portId);
    if (!port || port.projectId !== projectOf(call.token))
      throw badRequest(`Port ${portId} could not be found.`);
    if (port.deviceId !== '') throw conflict(`Port ${portId} is still in use.`);
    port.deviceId = serverId;
    port.deviceOwner = 'compute:nova';
    return port.id;
  });
}

interface Disks {
  readonly imageId: string | null;
  readonly properties: Readonly<Record<string, string>>;
  readonly volumes: AttachedVolume[];
}

function disksFor(world: World, call: Call, wanted: JsonObject, flavor: Flavor, serverId: string): Disks {
  let imageId = textIn(wanted, 'imageRef') ?? null;
  if (imageId === '') imageId = null;
  const volumes: AttachedVolume[] = [];
  let bootVolume: string | null = null;
  for (const [index, device] of (objectsIn(wanted, 'block_device_mapping_v2') ?? []).entries()) {
    const bootIndex = integerIn(device, 'boot_index') ?? -1;
    const uuid = requiredText(device, 'uuid');
    if (textIn(device, 'source_type') === 'image') {
      if (bootIndex === 0 && imageId !== null && imageId !== uuid)
        throw badRequest('Block Device Mapping is Invalid: the image of the boot device is another one.');
      imageId ??= uuid;
      continue;
    }
    if (textIn(device, 'source_type') !== 'volume')
      throw badRequest('Block Device Mapping is Invalid: the fake takes images and volumes.');
    const volume = findVolume(world, call, uuid);
    if (volume.status !== 'available')
      throw badRequest(
        `Block Device Mapping is Invalid: failed to get volume ${uuid}: it is ${volume.status}.`,
      );
    if (bootIndex === 0) {
      if (!volume.bootable) throw badRequest(`Block Device ${uuid} is not bootable.`);
      bootVolume = uuid;
    }
    const device_ = `/dev/vd${String.fromCharCode(97 + index)}`;
    const attachment = attach(world, volume, {
      projectId: projectOf(call.token),
      serverId,
      host: 'fake',
      mountpoint: device_,
      connected: false,
    });
    volumes.push({
      volumeId: uuid,
      attachmentId: attachment.id,
      device: device_,
      bootIndex: bootIndex === 0 ? 0 : null,
      deleteOnTermination: flagIn(device, 'delete_on_termination') ?? false,
      tag: null,
    });
  }
  if (bootVolume !== null) {
    const volume = findVolume(world, call, bootVolume);
    return { imageId: null, properties: volume.imageMetadata, volumes };
  }
  const image = imageId === null ? undefined : world.images.get(imageId);
  if (!image || !visible(image, call.token)) throw badRequest(`Image ${imageId ?? ''} could not be found.`);
  if (image.status !== 'active') throw badRequest(`Image ${image.id} is not active.`);
  if (flavor.disk > 0 && image.minDisk > flavor.disk)
    throw badRequest("Flavor's disk is smaller than the minimum size specified in image metadata.");
  return { imageId: image.id, properties: Object.fromEntries(image.properties), volumes };
}

export async function createServer(world: World, call: Call): Promise<Server> {
  const wanted = objectIn(await call.json(), 'server');
  const name = requiredText(wanted, 'name');
  if (name.length > 255) throw badRequest('Invalid input for field/attribute name: it is too long.');
  const ref = requiredText(wanted, 'flavorRef');
  const flavor = world.compute.flavors.get(ref);
  if (!flavor) throw badRequest(`Flavor ${ref} could not be found.`);
  const tags = textsIn(wanted, 'tags') ?? [];
  if (listIn(wanted, 'tags') && call.minor < 52)
    throw badRequest('Additional properties are not allowed (tags was unexpected)');
  if (tags.some((tag) => tag.length > 60 || /[,/]/.test(tag)))
    throw badRequest('Tags are at most 60 characters long, without commas and slashes.');
  const projectId = projectOf(call.token);
  refuseOverQuota(world, projectId, flavor);
  const id = randomUUID();
  const portIds = portsFor(world, call, wanted, id);
  let disks: Disks;
  try {
    disks = disksFor(world, call, wanted, flavor, id);
  } catch (error) {
    for (const port of portIds) {
      const taken = world.network.ports.get(port);
      if (taken) taken.deviceId = '';
    }
    throw error;
  }
  const now = Date.now();
  const server: Server = {
    id,
    name,
    description: textIn(wanted, 'description') ?? null,
    projectId,
    userId: call.token.user.id,
    flavor,
    imageId: disks.imageId,
    imageProperties: disks.properties,
    status: 'BUILD',
    taskState: 'scheduling',
    vmState: 'building',
    powerState: 0,
    fault: undefined,
    metadata: textMapIn(wanted, 'metadata') ?? {},
    tags: new Set(tags),
    keyName: textIn(wanted, 'key_name') ?? null,
    configDrive: flagIn(wanted, 'config_drive') ?? false,
    availabilityZone: textIn(wanted, 'availability_zone') ?? 'nova',
    volumes: disks.volumes,
    portIds,
    securityGroups: [],
    console: '',
    starts: 0,
    createdAt: now,
    updatedAt: now,
    launchedAt: undefined,
  };
  world.compute.servers.set(id, server);
  return server;
}

export function findServer(world: World, call: Call, id: string, admin: boolean): Server {
  const server = world.compute.servers.get(id);
  if (!server || (server.projectId !== projectOf(call.token) && !admin))
    throw notFound(`Instance ${id} could not be found.`);
  return server;
}
