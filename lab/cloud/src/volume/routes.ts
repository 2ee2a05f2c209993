/** Cinder v3, as far as a migration goes. */
import { rm } from 'node:fs/promises';
import { badRequest } from '../http/api-error.ts';
import { faultEnvelope } from '../http/envelopes.ts';
import { flagIn, integerIn, isObject, objectIn, textMapIn } from '../http/json.ts';
import { param, route, type Call, type Reply, type Service } from '../http/service.ts';
import { isAdmin } from '../identity/state.ts';
import { projectOf, type World } from '../world.ts';
import { attachmentRoutes } from './attachments.ts';
import { createVolume } from './create.ts';
import { findVolume } from './find.ts';
import type { Volume } from './state.ts';
import { typeView, volumeView } from './views.ts';

export function volumeService(world: World): Service {
  const { volumes: state } = world;
  return {
    name: 'volume',
    prefix: '/volume',
    requestIdHeaders: ['x-openstack-request-id', 'x-compute-request-id'],
    envelope: faultEnvelope,
    microversions: { type: 'volume', major: 3, min: 0, max: 70 },
    // `/v3/{project}/volumes` and `/v3/volumes` mean the same.
    normalise: (segments, token) => {
      const project = token?.project?.id;
      return segments[0] === 'v3' && project !== undefined && segments[1] === project
        ? ['v3', ...segments.slice(2)]
        : segments;
    },
    routes: [
      route('GET', '/', (call) => ({ status: 300, json: versions(call) }), { open: true }),
      route('GET', '/v3', (call) => ({ status: 200, json: versions(call) }), { open: true }),
      route('GET', '/v3/volumes', (call) => list(world, call, false)),
      route('GET', '/v3/volumes/detail', (call) => list(world, call, true)),
      route('POST', '/v3/volumes', async (call) => ({
        status: 202,
        json: { volume: volumeView(state, await createVolume(world, call)) },
      })),
      route('GET', '/v3/volumes/:id', (call) => ({
        status: 200,
        json: { volume: volumeView(state, findVolume(world, call, param(call, 'id'))) },
      })),
      route('DELETE', '/v3/volumes/:id', (call) => remove(world, call)),
      route('POST', '/v3/volumes/:id/action', (call) => act(world, call)),
      ...attachmentRoutes(world),
      route('GET', '/v3/types', () => ({
        status: 200,
        json: { volume_types: [...state.types.values()].map(typeView) },
      })),
      route('GET', '/v3/limits', (call) => ({
        status: 200,
        json: { limits: { rate: [], absolute: limits(world, call) } },
      })),
    ],
  };
}

function versions(call: Call): unknown {
  const links = [{ rel: 'self', href: `${call.origin}/volume/v3/` }];
  return { versions: [{ id: 'v3.0', status: 'CURRENT', version: '3.70', min_version: '3.0', links }] };
}

function list(world: World, call: Call, detail: boolean): Reply {
  const everybody = isAdmin(call.token) && call.query.get('all_tenants') === '1';
  const own = [...world.volumes.volumes.values()].filter(
    (one) => everybody || one.projectId === projectOf(call.token),
  );
  const name = call.query.get('name');
  const wanted = metadataFilter(call.query.get('metadata'));
  const found = own.filter(
    (one) =>
      (name === null || one.name === name) &&
      Object.entries(wanted).every(([key, value]) => one.metadata[key] === value),
  );
  const volumes = detail
    ? found.map((one) => volumeView(world.volumes, one))
    : found.map((one) => ({ id: one.id, name: one.name, links: [] }));
  return { status: 200, json: { volumes } };
}

/** A Python mapping of texts, such as `{'key': 'value'}`; Cinder ignores what it cannot read. */
function metadataFilter(text: string | null): Record<string, string> {
  const pairs = [...(text ?? '').matchAll(/'((?:[^'\\]|\\.)*)'\s*:\s*'((?:[^'\\]|\\.)*)'/g)];
  const plain = (escaped: string): string => escaped.replaceAll(/\\(.)/g, '$1');
  return Object.fromEntries(pairs.map(([, key = '', value = '']) => [plain(key), plain(value)]));
}

function remove(world: World, call: Call): Reply {
  const volume = findVolume(world, call, param(call, 'id'));
  if (!/^(available|error.*|downloading)$/.test(volume.status))
    throw badRequest(
      `Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing and must not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer. It is ${volume.status}.`,
    );
  volume.status = 'deleting';
  world.timers.after(world.delays.volumeDelete, async () => {
    world.volumes.volumes.delete(volume.id);
    await rm(world.volumePath(volume.id), { force: true });
  });
  return { status: 202 };
}

async function act(world: World, call: Call): Promise<Reply> {
  const volume = findVolume(world, call, param(call, 'id'));
  const body = await call.json();
  if (!isObject(body)) throw badRequest('The body must be an object.');
  if ('os-set_bootable' in body)
    volume.bootable = flagIn(objectIn(body, 'os-set_bootable'), 'bootable') ?? false;
  else if ('os-set_image_metadata' in body)
    Object.assign(volume.imageMetadata, textMapIn(objectIn(body, 'os-set_image_metadata'), 'metadata'));
  else if ('os-extend' in body)
    return extend(world, volume, integerIn(objectIn(body, 'os-extend'), 'new_size'));
  else throw badRequest(`There is no such action: ${Object.keys(body).join(', ')}`);
  volume.updatedAt = Date.now();
  return 'os-set_image_metadata' in body
    ? { status: 200, json: { metadata: volume.imageMetadata } }
    : { status: 200 };
}

function extend(world: World, volume: Volume, size: number | undefined): Reply {
  if (size === undefined || size <= volume.size)
    throw badRequest(
      `Invalid input received: New size for extend must be greater than current size. (current: ${volume.size}, extended: ${size ?? ''}).`,
    );
  volume.status = 'extending';
  world.timers.after(world.delays.volumeExtend, () => {
    volume.size = size;
    volume.status = 'available';
  });
  return { status: 202 };
}

function limits(world: World, call: Call): Record<string, number> {
  const projectId = projectOf(call.token);
  const quotas = world.quotas(projectId);
  const own = [...world.volumes.volumes.values()].filter((one) => one.projectId === projectId);
  return {
    maxTotalVolumes: quotas.volumes,
    totalVolumesUsed: own.length,
    maxTotalVolumeGigabytes: quotas.gigabytes,
    totalGigabytesUsed: own.reduce((sum, one) => sum + one.size, 0),
    maxTotalSnapshots: quotas.snapshots,
    totalSnapshotsUsed: 0,
  };
}
