import { markerText } from '@guts/core';
import { createImage, deleteImage, eachImage, findImages } from '@guts/openstack';
import { type ArtifactKindOps, MARKER_KEY, markedBy } from './artifact-kind.ts';

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
    const images = await findImages(session, { [MARKER_KEY]: markerText(marker) }, signal);
    const image = images.find((one) => one[MARKER_KEY] === markerText(marker));
    return image ? { externalId: image.id, data: {} } : null;
  },
  remove: async (session, id, signal) => ((await deleteImage(session, id, signal)) ? 'removed' : 'absent'),
};
