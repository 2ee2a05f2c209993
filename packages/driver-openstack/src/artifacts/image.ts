import { type Marker, markerText } from '@guts/core';
import {
  createImage,
  deleteImage,
  eachImage,
  findImages,
  getImage,
  type Image,
  isStatus,
  type OpenStackSession,
} from '@guts/openstack';
import { type ArtifactKindOps, MARKER_KEY, markedBy } from './artifact-kind.ts';
import { unusable } from './unusable.ts';
import { untilGone } from './until-gone.ts';

const REMOVE_SECONDS = 300;

async function statusOf(session: OpenStackSession, id: string, signal: AbortSignal): Promise<string> {
  try {
    return (await getImage(session, id, signal)).status;
  } catch (error) {
    if (isStatus(error, 404)) return 'gone';
    throw error;
  }
}

async function carrying(session: OpenStackSession, marker: Marker, signal: AbortSignal): Promise<Image[]> {
  const images = await findImages(session, { [MARKER_KEY]: markerText(marker) }, signal);
  return images.filter((one) => one[MARKER_KEY] === markerText(marker));
}

/** Marked by a property. */
export const imageOps: ArtifactKindOps<'image'> = {
  service: 'image',
  async *marked(session, signal) {
    for await (const one of eachImage(session, {}, signal))
      yield* markedBy(one[MARKER_KEY], 'image', one.id, one.name);
  },
  async create(session, spec, marker, signal) {
    const image = await createImage(
      session,
      {
        name: spec.name,
        diskFormat: spec.format,
        minDisk: spec.minDiskGiB,
        properties: { ...spec.properties, [MARKER_KEY]: markerText(marker) },
      },
      signal,
    );
    return { externalId: image.id, data: {} };
  },
  async find(session, _spec, marker, signal) {
    const [image] = await carrying(session, marker, signal);
    return image ? { externalId: image.id, data: {} } : null;
  },
  async findAll(session, _spec, marker, signal) {
    return (await carrying(session, marker, signal)).map((one) => one.id);
  },
  /**
   * One that takes bytes: queued. Which already took some, from an upload that broke off or whose digest nobody
   * has, is not gone on with: Glance takes no ranges.
   */
  async waitUsable(session, id, _spec, signal) {
    const status = await statusOf(session, id, signal);
    if (status !== 'queued') throw unusable('image', id, status);
  },
  remove: (session, id, signal) =>
    untilGone({
      what: `image ${id}`,
      deadlineSeconds: REMOVE_SECONDS,
      signal,
      look: async () => {
        const status = await statusOf(session, id, signal);
        return ['gone', 'deleted', 'pending_delete'].includes(status) ? 'absent' : 'there';
      },
      ask: () => deleteImage(session, id, signal),
    }),
};
