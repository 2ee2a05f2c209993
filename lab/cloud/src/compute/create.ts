/** `POST /servers`: what Nova checks before it accepts a server. */
import { randomUUID } from 'node:crypto';
import { type ApiError, badRequest, conflict, forbidden, notFound } from '../http/api-error.ts';
import {
  flagIn,
  integerIn,
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
import type { Image } from '../image/state.ts';
import { makePort } from '../network/ports.ts';
import type { Port } from '../network/state.ts';
import { sees } from '../network/visible.ts';
import { attach } from '../volume/attachments.ts';
import { isAdmin } from '../identity/state.ts';
import { projectOf, type World } from '../world.ts';
import { checkName } from './names.ts';
import { checkTags } from './labels.ts';
import { release } from './lifecycle.ts';
import { refuseOverQuota } from './quotas.ts';
import type { Flavor, Server } from './state.ts';

/** Takes the ports that the server names, and makes those it wants on a network. */
function takePorts(world: World, call: Call, wanted: JsonObject, server: Server): void {
  const { networks } = wanted;
  if (networks === 'none' || networks === 'auto') return;
  if (networks === undefined && call.minor >= 37) throw badRequest("'networks' is a required property");
  for (const entry of objectsIn(wanted, 'networks') ?? []) {
    const portId = textIn(entry, 'port');
    const port =
      portId === undefined
        ? portOnNetwork(world, call, requiredText(entry, 'uuid'))
        : world.network.ports.get(portId);
    if (!port || port.projectId !== projectOf(call.token))
      throw badRequest(`Port id ${portId ?? ''} could not be found.`);
    if (port.deviceId !== '') throw conflict(`Port ${port.id} is still in use.`);
    port.deviceId = server.id;
    port.deviceOwner = 'compute:nova';
    server.portIds.push(port.id);
  }
}

function portOnNetwork(world: World, call: Call, id: string): Port {
  const network = world.network.networks.get(id);
  if (!network || !sees(call.token, network)) throw badRequest(`Network ${id} could not be found.`);
  const port = makePort(world, projectOf(call.token), network, {});
  port.bornForServer = true;
  return port;
}

const invalid = (why: string): ApiError => badRequest(`Block Device Mapping is Invalid: ${why}`);

function takeVolume(world: World, call: Call, device: JsonObject, server: Server): void {
  const uuid = requiredText(device, 'uuid');
  const boots = integerIn(device, 'boot_index') === 0;
  const volume = world.volumes.volumes.get(uuid);
  if (!volume || volume.projectId !== projectOf(call.token)) throw invalid(`failed to get volume ${uuid}.`);
  if (volume.status !== 'available') throw invalid(`volume ${uuid} is ${volume.status}.`);
  if (boots && !volume.bootable) throw badRequest(`Block Device ${uuid} is not bootable.`);
  const mountpoint = `/dev/vd${String.fromCharCode(97 + server.volumes.length + (server.imageId === null ? 0 : 1))}`;
  const attachment = attach(world, volume, {
    projectId: server.projectId,
    serverId: server.id,
    host: 'fake',
    mountpoint,
    connected: false,
  });
  server.volumes.push({
    volumeId: uuid,
    attachmentId: attachment.id,
    device: mountpoint,
    bootIndex: boots ? 0 : null,
    deleteOnTermination: flagIn(device, 'delete_on_termination') ?? false,
    tag: textIn(device, 'tag') ?? null,
  });
}

/** The image that the server boots from, which is the `imageRef`, or a device of it; null for none. */
function imageWanted(wanted: JsonObject, devices: readonly JsonObject[]): string | null {
  const ref = textIn(wanted, 'imageRef') ?? '';
  const device = devices.find((one) => textIn(one, 'source_type') === 'image');
  const uuid = device && requiredText(device, 'uuid');
  if (device && textIn(device, 'destination_type') === 'volume')
    throw invalid('the fake makes no volumes from images here; make the volume first.');
  if (ref !== '' && uuid !== undefined && uuid !== ref)
    throw invalid('the image of the boot device is another one.');
  return ref === '' ? (uuid ?? null) : ref;
}

function imageFor(world: World, call: Call, id: string, flavor: Flavor): Image {
  const image = world.images.get(id);
  if (!image || !visible(image, call.token)) throw badRequest(`Image ${id} could not be found.`);
  if (image.status !== 'active') throw badRequest(`Image ${id} is not active.`);
  if (flavor.disk > 0 && image.minDisk > flavor.disk)
    throw badRequest("Flavor's disk is smaller than the minimum size specified in image metadata.");
  if (image.minRam > flavor.ram) throw badRequest("Flavor's memory is too small for requested image.");
  return image;
}

/** Administrators may name a host behind the zone. */
function zoneFor(world: World, call: Call, wanted: JsonObject): string {
  const { compute } = world.zones;
  const [zone = '', host] = (textIn(wanted, 'availability_zone') ?? compute[0] ?? '').split(':');
  if (host !== undefined && !isAdmin(call.token))
    throw forbidden("Policy doesn't allow os_compute_api:servers:create:forced_host to be performed.");
  if (!compute.includes(zone)) throw badRequest('The requested availability zone is not available');
  return zone;
}

/** Throws 400, 403 or 409 as Nova does; a refused server holds neither ports nor volumes. */
export async function createServer(world: World, call: Call): Promise<Server> {
  const wanted = objectIn(await call.json(), 'server');
  const name = checkName(requiredText(wanted, 'name'));
  const ref = requiredText(wanted, 'flavorRef').replace(/^.*\//, '');
  const flavor = world.compute.flavors.get(ref);
  if (!flavor) throw badRequest(`Flavor ${ref} could not be found.`);
  const tags = textsIn(wanted, 'tags');
  if (tags && call.minor < 52)
    throw badRequest('Additional properties are not allowed (tags was unexpected)');
  const projectId = projectOf(call.token);
  refuseOverQuota(world, projectId, flavor);
  const devices = objectsIn(wanted, 'block_device_mapping_v2') ?? [];
  const imageId = imageWanted(wanted, devices);
  const image = imageId === null ? null : imageFor(world, call, imageId, flavor);
  const now = Date.now();
  const server: Server = {
    id: randomUUID(),
    name,
    description: textIn(wanted, 'description') ?? null,
    projectId,
    userId: call.token.user.id,
    flavor,
    imageId,
    imageProperties: image ? Object.fromEntries(image.properties) : {},
    status: 'BUILD',
    taskState: 'scheduling',
    lock: undefined,
    vmState: 'building',
    powerState: 0,
    fault: undefined,
    metadata: textMapIn(wanted, 'metadata') ?? {},
    tags: new Set(checkTags(tags ?? [])),
    keyName: textIn(wanted, 'key_name') ?? null,
    configDrive: flagIn(wanted, 'config_drive') ?? false,
    availabilityZone: zoneFor(world, call, wanted),
    volumes: [],
    portIds: [],
    console: '',
    starts: 0,
    createdAt: now,
    updatedAt: now,
    launchedAt: undefined,
  };
  try {
    takePorts(world, call, wanted, server);
    for (const device of devices) {
      const source = textIn(device, 'source_type');
      if (source === 'volume') takeVolume(world, call, device, server);
      else if (source !== 'image') throw invalid('the fake takes images and volumes.');
    }
    const boot = server.volumes.find((one) => one.bootIndex === 0);
    if (boot && image) throw invalid('two devices claim to be booted first.');
    if (!boot && !image) throw invalid('there is nothing to boot from.');
    server.imageProperties = boot
      ? (world.volumes.volumes.get(boot.volumeId)?.imageMetadata ?? {})
      : server.imageProperties;
  } catch (error) {
    await release(world, server, false);
    throw error;
  }
  world.compute.servers.set(server.id, server);
  return server;
}

export function findServer(world: World, call: Call, id: string, admin: boolean): Server {
  const server = world.compute.servers.get(id);
  if (!server || (server.projectId !== projectOf(call.token) && !admin))
    throw notFound(`Instance ${id} could not be found.`);
  return server;
}
