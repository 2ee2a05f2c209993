/** Cinder v3, as far as a migration goes. */
import { rm } from 'node:fs/promises';
import { badRequest } from '../http/api-error.ts';
import { faultEnvelope } from '../http/envelopes.ts';
import { objectIn, shortText, textIn, textMapIn } from '../http/json.ts';
import { paged } from '../http/paging.ts';
import { param, route, type Call, type Reply, type Service } from '../http/service.ts';
import { zoneRoute } from '../http/zones.ts';
import { isAdmin } from '../identity/state.ts';
import { projectOf, type World } from '../world.ts';
import { act } from './actions.ts';
import { attachmentRoutes } from './attachments.ts';
import { createVolume } from './create.ts';
import { findType, findVolume } from './find.ts';
import { metadataRoutes } from './metadata.ts';
import { limits, volumeQuotaRoutes } from './quotas.ts';
import { transferRoutes } from './transfers.ts';
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
      const [version, project = ''] = segments;
      if (!token || version !== 'v3' || !/^[0-9a-f]{32}$/.test(project)) return segments;
      if (project !== token.project?.id) throw badRequest('Malformed request url');
      return ['v3', ...segments.slice(2)];
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
      route('PUT', '/v3/volumes/:id', async (call) => {
        const volume = findVolume(world, call, param(call, 'id'));
        const wanted = objectIn(await call.json(), 'volume');
        volume.name = shortText(wanted, 'name') ?? volume.name;
        volume.description = textIn(wanted, 'description') ?? volume.description;
        volume.metadata = textMapIn(wanted, 'metadata') ?? volume.metadata;
        return { status: 200, json: { volume: volumeView(state, volume) } };
      }),
      route('POST', '/v3/volumes/:id/action', (call) =>
        act(world, call, findVolume(world, call, param(call, 'id'))),
      ),
      zoneRoute('/v3', world.zones.volume),
      ...metadataRoutes(world),
      ...transferRoutes(world),
      ...attachmentRoutes(world),
      route('GET', '/v3/types', () => ({
        status: 200,
        json: { volume_types: [...state.types.values()].map(typeView) },
      })),
      route('GET', '/v3/types/:id', (call) => ({
        status: 200,
        json: { volume_type: typeView(findType(state, param(call, 'id'))) },
      })),
      ...volumeQuotaRoutes(world),
      route('GET', '/v3/limits', (call) => ({
        status: 200,
        json: { limits: { rate: [], absolute: limits(world, projectOf(call.token)) } },
      })),
    ],
  };
}

function versions(call: Call): unknown {
  const links = [{ rel: 'self', href: `${call.origin}/volume/v3/` }];
  return { versions: [{ id: 'v3.0', status: 'CURRENT', version: '3.70', min_version: '3.0', links }] };
}

function list(world: World, call: Call, detail: boolean): Reply {
  const everybody =
    isAdmin(call.token) && ['1', 'true', 'True'].includes(call.query.get('all_tenants') ?? '');
  const own = [...world.volumes.volumes.values()].filter(
    (one) => everybody || one.projectId === projectOf(call.token),
  );
  const name = call.query.get('name');
  const status = call.query.get('status');
  const wanted = metadataFilter(call.query.get('metadata'));
  const found = own.filter(
    (one) =>
      (name === null || one.name === name) &&
      (status === null || one.status === status) &&
      Object.entries(wanted).every(([key, value]) => one.metadata[key] === value),
  );
  const page = paged(call, found.toReversed());
  const volumes = page.items.map((one) =>
    detail ? volumeView(world.volumes, one) : { id: one.id, name: one.name, links: [] },
  );
  return {
    status: 200,
    json: { volumes, ...(page.links.length > 0 ? { volumes_links: page.links } : {}) },
  };
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
