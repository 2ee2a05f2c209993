/** `POST /volumes/:id/action`. */
import { truncate } from 'node:fs/promises';
import { badRequest, notFound } from '../http/api-error.ts';
import {
  flagIn,
  integerIn,
  isObject,
  objectIn,
  requiredText,
  textMapIn,
  type JsonObject,
} from '../http/json.ts';
import type { Call, Reply } from '../http/service.ts';
import type { World } from '../world.ts';
import { refuseMoreGigabytes } from './quotas.ts';
import type { Volume } from './state.ts';

const GIB = 2 ** 30;

type Action = (world: World, call: Call, volume: Volume, body: JsonObject) => Reply;

const ACTIONS: Readonly<Record<string, Action>> = {
  'os-set_bootable': (_world, _call, volume, body) => {
    const bootable = flagIn(objectIn(body, 'os-set_bootable'), 'bootable');
    if (bootable === undefined) throw badRequest("'bootable' is a required property");
    volume.bootable = bootable;
    return { status: 200 };
  },
  'os-set_image_metadata': (_world, _call, volume, body) => {
    const metadata = textMapIn(objectIn(body, 'os-set_image_metadata'), 'metadata');
    volume.imageMetadata = { ...volume.imageMetadata, ...metadata };
    return { status: 200, json: { metadata: volume.imageMetadata } };
  },
  'os-unset_image_metadata': (_world, _call, volume, body) => {
    const key = requiredText(objectIn(body, 'os-unset_image_metadata'), 'key');
    if (!(key in volume.imageMetadata))
      throw notFound(`Glance metadata for volume ${volume.id} has no key ${key}.`);
    const { [key]: _gone, ...rest } = volume.imageMetadata;
    volume.imageMetadata = rest;
    return { status: 200 };
  },
  'os-show_image_metadata': (_world, _call, volume) => ({
    status: 200,
    json: { metadata: volume.imageMetadata },
  }),
  'os-extend': (world, call, volume, body) => {
    const size = integerIn(objectIn(body, 'os-extend'), 'new_size');
    if (size === undefined || size <= volume.size)
      throw badRequest(
        `Invalid input received: New size for extend must be greater than current size. (current: ${volume.size}, extended: ${size ?? ''}).`,
      );
    if (volume.status !== 'available')
      throw badRequest(`Invalid volume: Volume ${volume.id} status must be available to extend.`);
    refuseMoreGigabytes(world, volume.projectId, size - volume.size);
    volume.status = 'extending';
    const { doom } = call;
    world.timers.after(world.delays.volumeExtend, async () => {
      volume.updatedAt = Date.now();
      if (doom !== undefined) {
        volume.status = 'error_extending';
        return;
      }
      await truncate(world.volumePath(volume.id), size * GIB);
      volume.size = size;
      volume.status = 'available';
    });
    return { status: 202 };
  },
};

export async function act(world: World, call: Call, volume: Volume): Promise<Reply> {
  const body = await call.json();
  const [name = ''] = isObject(body) ? Object.keys(body) : [];
  const action = ACTIONS[name];
  if (!isObject(body) || !action) throw badRequest(`There is no such action: ${name}`);
  volume.updatedAt = Date.now();
  return action(world, call, volume, body);
}
