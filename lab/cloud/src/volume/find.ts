import { notFound } from '../http/api-error.ts';
import type { Call } from '../http/service.ts';
import { isAdmin } from '../identity/state.ts';
import { projectOf, type World } from '../world.ts';
import type { Attachment, Volume, VolumeState, VolumeType } from './state.ts';

export function findVolume(world: World, call: Call, id: string): Volume {
  const volume = world.volumes.volumes.get(id);
  if (!volume || (volume.projectId !== projectOf(call.token) && !isAdmin(call.token)))
    throw notFound(`Volume ${id} could not be found.`);
  return volume;
}

export function findAttachment(world: World, call: Call, id: string): Attachment {
  const attachment = world.volumes.attachments.get(id);
  if (!attachment || (attachment.projectId !== projectOf(call.token) && !isAdmin(call.token)))
    throw notFound(`Volume attachment could not be found with filter: attachment_id = ${id}.`);
  return attachment;
}

/** A type by its id or name; `default` is the first there is. */
export function findType(state: VolumeState, wanted: string): VolumeType {
  const all = [...state.types.values()];
  const type =
    all.find((one) => one.id === wanted || one.name === wanted) ??
    (wanted === 'default' ? all[0] : undefined);
  if (!type) throw notFound(`Volume type ${wanted} could not be found.`);
  return type;
}
