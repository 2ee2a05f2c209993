/** A volume's own metadata: keys added, replaced, taken away. */
import { badRequest, notFound } from '../http/api-error.ts';
import { isObject, textMapIn } from '../http/json.ts';
import { param, route, type Call, type Service } from '../http/service.ts';
import type { World } from '../world.ts';
import { findVolume } from './find.ts';
import type { Volume } from './state.ts';

async function given(call: Call): Promise<Record<string, string>> {
  const body = await call.json();
  const metadata = isObject(body) ? textMapIn(body, 'metadata') : undefined;
  if (!metadata) throw badRequest("'metadata' is a required property");
  return metadata;
}

export function metadataRoutes(world: World): Service['routes'] {
  const path = '/v3/volumes/:id/metadata';
  const find = (call: Call): Volume => findVolume(world, call, param(call, 'id'));
  const withKey = (call: Call): { volume: Volume; key: string; value: string } => {
    const volume = find(call);
    const key = param(call, 'key');
    const value = volume.metadata[key];
    if (value === undefined) throw notFound(`Metadata for volume ${volume.id} does not have a key ${key}.`);
    return { volume, key, value };
  };
  return [
    route('GET', path, (call) => ({ status: 200, json: { metadata: find(call).metadata } })),
    route('POST', path, async (call) => {
      const volume = find(call);
      volume.metadata = { ...volume.metadata, ...(await given(call)) };
      return { status: 200, json: { metadata: volume.metadata } };
    }),
    route('PUT', path, async (call) => {
      const volume = find(call);
      volume.metadata = await given(call);
      return { status: 200, json: { metadata: volume.metadata } };
    }),
    route('GET', `${path}/:key`, (call) => {
      const { key, value } = withKey(call);
      return { status: 200, json: { meta: { [key]: value } } };
    }),
    route('DELETE', `${path}/:key`, (call) => {
      const { volume, key } = withKey(call);
      const { [key]: _gone, ...rest } = volume.metadata;
      volume.metadata = rest;
      return { status: 200 };
    }),
  ];
}
