import { type Marker, markerText, type VolumeSpec } from '@guts/core';
import {
  createVolume,
  deleteVolume,
  eachVolume,
  getVolume,
  listVolumes,
  type OpenStackSession,
  type Volume,
  waitFor,
} from '@guts/openstack';
import { type ArtifactKindOps, MARKER_KEY, markedBy } from './artifact-kind.ts';
import { unusable } from './unusable.ts';
import { untilGone } from './until-gone.ts';

const EMPTY_SECONDS = 900;
/** Cinder downloads, converts and writes the image meanwhile. */
const FROM_IMAGE_SECONDS = 24 * 3600;
const REMOVE_SECONDS = 900;

const HELD = ['in-use', 'detaching', 'attaching', 'creating', 'downloading', 'reserved', 'extending'];

/** An attached volume can be used: who takes over detaches the predecessor's attachment first. */
function usable(volume: Volume | null, id: string): Volume | null {
  const status = volume?.status ?? 'gone';
  if (!volume || status.startsWith('error') || status === 'deleting') throw unusable('volume', id, status);
  return ['creating', 'downloading', 'extending'].includes(status) ? null : volume;
}

async function available(
  session: OpenStackSession,
  id: string,
  spec: VolumeSpec,
  signal: AbortSignal,
): Promise<void> {
  await waitFor(async () => usable(await getVolume(session, id, signal), id), {
    signal,
    what: `volume ${id} to be available`,
    deadlineSeconds: spec.imageId === null ? EMPTY_SECONDS : FROM_IMAGE_SECONDS,
  });
}

async function carrying(session: OpenStackSession, marker: Marker, signal: AbortSignal): Promise<Volume[]> {
  const volumes = await listVolumes(session, { [MARKER_KEY]: markerText(marker) }, signal);
  return volumes.filter((one) => one.metadata[MARKER_KEY] === markerText(marker));
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
    const [volume] = await carrying(session, marker, signal);
    return volume ? { externalId: volume.id, data: {} } : null;
  },
  async findAll(session, _spec, marker, signal) {
    return (await carrying(session, marker, signal)).map((one) => one.id);
  },
  waitUsable: available,
  remove: (session, id, signal) =>
    untilGone({
      what: `volume ${id}`,
      deadlineSeconds: REMOVE_SECONDS,
      signal,
      look: async () => {
        const volume = await getVolume(session, id, signal);
        if (!volume) return 'absent';
        if (volume.status === 'deleting') return 'going';
        // A volume whose server or attachment has just gone is still letting go of it.
        return HELD.includes(volume.status) ? { held: `it is ${volume.status}` } : 'there';
      },
      ask: () => deleteVolume(session, id, signal),
    }),
};
