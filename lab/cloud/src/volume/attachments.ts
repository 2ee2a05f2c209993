/** The attachments API: how a host, or Nova, comes to a volume. */
import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { badRequest } from '../http/api-error.ts';
import { paged } from '../http/paging.ts';
import { isObject, objectIn, requiredText, textIn } from '../http/json.ts';
import { param, route, type Call, type Reply, type Service } from '../http/service.ts';
import { isAdmin } from '../identity/state.ts';
import { projectOf, type World } from '../world.ts';
import { findAttachment, findVolume } from './find.ts';
import type { Attachment, Volume } from './state.ts';
import { attachmentView } from './views.ts';

/**
 * A host that is no server reaches the volume under a path of this attachment alone, which goes with it: who kept the
 * path cannot open it again. What was open stays open, as a file of a real NFS share does.
 */
function connectionInfo(world: World, volume: Volume, attachment: Attachment): Record<string, unknown> {
  const path = world.attachmentPath(attachment.id, volume.id);
  if (attachment.serverId === null) {
    mkdirSync(dirname(path), { recursive: true });
    linkSync(world.volumePath(volume.id), path);
  }
  return {
    driver_volume_type: 'nfs',
    export: `127.0.0.1:${attachment.serverId === null ? dirname(path) : world.exportDir}`,
    name: `volume-${volume.id}`,
    format: 'raw',
    mount_point_base: world.mountBase,
    options: null,
    access_mode: 'rw',
    encrypted: false,
    ...world.connectionInfo,
  };
}

/** Joins a free volume: reserved, or attaching when the connector is known. Throws 400 when it is not free. */
export function attach(
  world: World,
  volume: Volume,
  facts: { projectId: string; serverId: string | null; host: string; mountpoint: string; connected: boolean },
): Attachment {
  if (volume.status !== 'available')
    throw badRequest(
      `Invalid volume: Volume ${volume.id} status must be available or downloading to reserve, but the current status is ${volume.status}.`,
    );
  const attachment: Attachment = {
    id: randomUUID(),
    volumeId: volume.id,
    projectId: facts.projectId,
    serverId: facts.serverId,
    status: facts.connected ? 'attaching' : 'reserved',
    mode: 'rw',
    connectionInfo: {},
    host: facts.host,
    mountpoint: facts.mountpoint,
    attachedAt: undefined,
  };
  if (facts.connected) attachment.connectionInfo = connectionInfo(world, volume, attachment);
  volume.status = facts.connected ? 'attaching' : 'reserved';
  volume.updatedAt = Date.now();
  world.volumes.attachments.set(attachment.id, attachment);
  return attachment;
}

export function complete(world: World, attachment: Attachment): void {
  attachment.status = 'attached';
  attachment.attachedAt = Date.now();
  const volume = world.volumes.volumes.get(attachment.volumeId);
  if (volume) volume.status = 'in-use';
}

export function detach(world: World, attachment: Attachment): void {
  world.volumes.attachments.delete(attachment.id);
  rmSync(dirname(world.attachmentPath(attachment.id, attachment.volumeId)), { recursive: true, force: true });
  const volume = world.volumes.volumes.get(attachment.volumeId);
  if (!volume) return;
  const others = (): boolean =>
    [...world.volumes.attachments.values()].some((one) => one.volumeId === volume.id);
  if (!others()) {
    volume.status = world.delays.volumeDetach > 0 ? 'detaching' : 'available';
    world.timers.after(world.delays.volumeDetach, () => {
      if (volume.status === 'detaching' && !others()) volume.status = 'available';
    });
  }
  volume.updatedAt = Date.now();
}

async function create(world: World, call: Call): Promise<Reply> {
  const wanted = objectIn(await call.json(), 'attachment');
  if (wanted['instance_uuid'] === null)
    throw badRequest(
      "Invalid input for field/attribute instance_uuid. Value: None. None is not of type 'string'",
    );
  const volume = findVolume(world, call, requiredText(wanted, 'volume_uuid'));
  const { connector } = wanted;
  const attachment = attach(world, volume, {
    projectId: projectOf(call.token),
    serverId: textIn(wanted, 'instance_uuid') ?? null,
    host: isObject(connector) ? (textIn(connector, 'host') ?? '') : '',
    mountpoint: isObject(connector) ? (textIn(connector, 'mountpoint') ?? '') : '',
    connected: isObject(connector),
  });
  return { status: 200, json: { attachment: attachmentView(attachment) } };
}

/** Gives a reserved attachment its connector. */
async function connect(world: World, call: Call): Promise<Reply> {
  const attachment = findAttachment(world, call, param(call, 'id'));
  const connector = objectIn(objectIn(await call.json(), 'attachment'), 'connector');
  const volume = findVolume(world, call, attachment.volumeId);
  attachment.host = textIn(connector, 'host') ?? '';
  attachment.mountpoint = textIn(connector, 'mountpoint') ?? '';
  if (attachment.status === 'reserved') attachment.connectionInfo = connectionInfo(world, volume, attachment);
  attachment.status = 'attaching';
  volume.status = 'attaching';
  return { status: 200, json: { attachment: attachmentView(attachment) } };
}

export function attachmentRoutes(world: World): Service['routes'] {
  const list = (call: Call): Reply => {
    const volumeId = call.query.get('volume_id');
    const found = [...world.volumes.attachments.values()].filter(
      (one) =>
        (isAdmin(call.token) || one.projectId === projectOf(call.token)) &&
        (volumeId === null || one.volumeId === volumeId),
    );
    const page = paged(call, found);
    const links = page.links.length > 0 ? { attachments_links: page.links } : {};
    return { status: 200, json: { attachments: page.items.map(attachmentView), ...links } };
  };
  const since = 27;
  return [
    route('GET', '/v3/attachments', list, { since }),
    route('GET', '/v3/attachments/detail', list, { since }),
    route('POST', '/v3/attachments', (call) => create(world, call), { since }),
    route(
      'GET',
      '/v3/attachments/:id',
      (call) => ({
        status: 200,
        json: { attachment: attachmentView(findAttachment(world, call, param(call, 'id'))) },
      }),
      { since },
    ),
    route('PUT', '/v3/attachments/:id', (call) => connect(world, call), { since }),
    route(
      'POST',
      '/v3/attachments/:id/action',
      async (call) => {
        const attachment = findAttachment(world, call, param(call, 'id'));
        const body = await call.json();
        if (!isObject(body) || !('os-complete' in body)) throw badRequest('There is no such action');
        complete(world, attachment);
        return { status: 204 };
      },
      { since: 44 },
    ),
    route(
      'DELETE',
      '/v3/attachments/:id',
      (call) => {
        detach(world, findAttachment(world, call, param(call, 'id')));
        return { status: 200, json: { attachments: [] } };
      },
      { since },
    ),
  ];
}
