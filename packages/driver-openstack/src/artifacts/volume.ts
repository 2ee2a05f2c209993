import { markerText, type VolumeSpec } from '@guts/core';
import {
  availableVolume,
  createVolume,
  deleteVolume,
  eachVolume,
  getVolume,
  isStatus,
  listVolumes,
  type OpenStackSession,
  waitFor,
} from '@guts/openstack';
import { type ArtifactKindOps, MARKER_KEY, markedBy } from './artifact-kind.ts';

const EMPTY_SECONDS = 900;
/** Cinder downloads, converts and writes the image meanwhile. */
const FROM_IMAGE_SECONDS = 24 * 3600;
const REMOVE_SECONDS = 900;

async function available(
  session: OpenStackSession,
  id: string,
  spec: VolumeSpec,
  signal: AbortSignal,
): Promise<void> {
  await waitFor(async () => availableVolume(await getVolume(session, id, signal), id), {
    signal,
    what: `volume ${id} to be available`,
    deadlineSeconds: spec.imageId === null ? EMPTY_SECONDS : FROM_IMAGE_SECONDS,
  });
}

/** Marked in the metadata. */
export const volumeOps: ArtifactKindOps<'volume'> = {
  service: 'volume',
  async *marked(session, signal) {
    for await (const one of eachVolume(session, {}, signal))
      yield* markedBy(one.metadata[MARKER_KEY], 'volume', one.id, one.name);
  },
  async create(session, spec, marker, signal) {
    const made = await createVolume(
      session,
      { ...spec, metadata: { [MARKER_KEY]: markerText(marker) } },
      signal,
    );
    await available(session, made.id, spec, signal);
    return { externalId: made.id, data: {} };
  },
  async find(session, _spec, marker, signal) {
    const wanted = { [MARKER_KEY]: markerText(marker) };
    const volumes = await listVolumes(session, wanted, signal);
    const volume = volumes.find((one) => one.metadata[MARKER_KEY] === markerText(marker));
    return volume ? { externalId: volume.id, data: {} } : null;
  },
  waitUsable: available,
  async remove(session, id, signal) {
    let asked = false;
    return waitFor(
      async () => {
        const volume = await getVolume(session, id, signal);
        if (!volume) return asked ? 'removed' : 'absent';
        // A volume whose server or attachment has just gone is still letting go of it.
        if (volume.status === 'deleting') asked = true;
        else if (!/^(in-use|detaching|attaching|creating|downloading|reserved)$/.test(volume.status)) {
          try {
            await deleteVolume(session, id, signal);
            asked = true;
          } catch (error) {
            // It changed between the look and the deed.
            if (!isStatus(error, 400, 409)) throw error;
          }
        }
        return null;
      },
      { signal, what: `volume ${id} to be deleted`, deadlineSeconds: REMOVE_SECONDS },
    );
  },
};
