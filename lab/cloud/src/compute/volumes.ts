/** `os-volume_attachments`: volumes at a server that exists. */
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { badRequest, conflict, notFound } from '../http/api-error.ts';
import { flagIn, objectIn, requiredText, textIn } from '../http/json.ts';
import { param, route, type Call, type Reply, type Service } from '../http/service.ts';
import { attach, complete, detach } from '../volume/attachments.ts';
import { findVolume } from '../volume/find.ts';
import type { World } from '../world.ts';
import { refuseLocked } from './actions.ts';
import type { AttachedVolume, Server } from './state.ts';

function nextDevice(server: Server): string {
  const taken = new Set(server.volumes.map((one) => one.device));
  // An image's root disk is vda, though no volume is.
  if (server.imageId !== null) taken.add('/dev/vda');
  for (let at = 0; at < 26; at += 1) {
    const device = `/dev/vd${String.fromCharCode(97 + at)}`;
    if (!taken.has(device)) return device;
  }
  throw badRequest(`The maximum allowed number of disk devices was exceeded.`);
}

function view(server: Server, one: AttachedVolume, minor: number): Record<string, unknown> {
  return {
    volumeId: one.volumeId,
    serverId: server.id,
    device: one.device,
    ...(minor < 89 ? { id: one.volumeId } : { attachment_id: one.attachmentId, bdm_uuid: one.attachmentId }),
    ...(minor >= 70 ? { tag: one.tag } : {}),
    ...(minor >= 79 ? { delete_on_termination: one.deleteOnTermination } : {}),
  };
}

/** As udev names virtio disks: the serial, which Nova sets to the volume's id, has room for 20 characters of it. */
const linkOf = (folder: string, volumeId: string): string => join(folder, `virtio-${volumeId.slice(0, 20)}`);

async function add(world: World, call: Call, server: Server): Promise<Reply> {
  refuseLocked(server, call);
  const wanted = objectIn(await call.json(), 'volumeAttachment');
  const volume = findVolume(world, call, requiredText(wanted, 'volumeId'));
  if (server.status !== 'ACTIVE' && server.status !== 'SHUTOFF')
    throw conflict(`Cannot 'attach_volume' instance ${server.id} while it is in vm_state ${server.vmState}`);
  const device = nextDevice(server);
  const attachment = attach(world, volume, {
    projectId: server.projectId,
    serverId: server.id,
    host: 'fake',
    mountpoint: device,
    connected: true,
  });
  const attached: AttachedVolume = {
    volumeId: volume.id,
    attachmentId: attachment.id,
    device,
    bootIndex: null,
    deleteOnTermination: flagIn(wanted, 'delete_on_termination') ?? false,
    tag: textIn(wanted, 'tag') ?? null,
  };
  server.volumes.push(attached);
  world.timers.after(world.delays.volumeAttach, () => {
    if (!world.volumes.attachments.has(attachment.id)) return;
    complete(world, attachment);
    if (world.deviceDir !== null)
      symlinkSync(world.volumePath(volume.id), linkOf(world.deviceDir, volume.id));
  });
  return { status: 200, json: { volumeAttachment: view(server, attached, call.minor) } };
}

function find(call: Call, server: Server): AttachedVolume {
  const found = server.volumes.find((one) => one.volumeId === param(call, 'volume'));
  if (!found) throw notFound(`volume_id not found: ${param(call, 'volume')}`);
  return found;
}

function remove(world: World, call: Call, server: Server): Reply {
  refuseLocked(server, call);
  const attached = find(call, server);
  if (attached.bootIndex === 0) throw badRequest('Cannot detach a root device volume');
  const volume = world.volumes.volumes.get(attached.volumeId);
  const attachment = world.volumes.attachments.get(attached.attachmentId);
  if (volume) volume.status = 'detaching';
  world.timers.after(world.delays.volumeAttach, () => {
    if (world.deviceDir !== null) rmSync(linkOf(world.deviceDir, attached.volumeId), { force: true });
    server.volumes = server.volumes.filter((one) => one !== attached);
    if (attachment) detach(world, attachment);
  });
  return { status: 202 };
}

export function serverVolumeRoutes(world: World, server: (call: Call) => Server): Service['routes'] {
  const path = '/v2.1/servers/:id/os-volume_attachments';
  return [
    route('GET', path, (call) => {
      const of = server(call);
      return { status: 200, json: { volumeAttachments: of.volumes.map((one) => view(of, one, call.minor)) } };
    }),
    route('POST', path, (call) => add(world, call, server(call))),
    route('GET', `${path}/:volume`, (call) => {
      const of = server(call);
      return { status: 200, json: { volumeAttachment: view(of, find(call, of), call.minor) } };
    }),
    route('DELETE', `${path}/:volume`, (call) => remove(world, call, server(call))),
  ];
}
