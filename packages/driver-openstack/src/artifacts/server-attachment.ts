import { type CreatedArtifact, GutsError, messageOf, parseMarker } from '@guts/core';
import {
  attachVolume,
  detachVolume,
  eachVolume,
  isStatus,
  listAttachments,
  listServerVolumes,
  type OpenStackSession,
  waitFor,
} from '@guts/openstack';
import { inProject, moveVolume } from '../server/lend.ts';
import { attachedId, parseAttachedId, type Place, type ServerPlace } from '../server/place.ts';
import { unreached } from '../unreached.ts';
import { type ArtifactKindOps, MARKER_KEY } from './artifact-kind.ts';
import { unusable } from './unusable.ts';
import { untilGone } from './until-gone.ts';

const GIB = 2 ** 30;
const ATTACH_SECONDS = 300;
const DEVICE_SECONDS = 120;
const DETACH_SECONDS = 300;
/** By which a volume at a server is known to be there for a worker's sake. */
const TAG = 'guts-worker';
/** virtio-blk has room for so much of a serial, which Nova sets to the volume's id; SCSI has the whole of it. */
const SERIAL_LENGTH = 20;

/** The device of this server that bears the volume's id. @throws GutsError `destination_refused` (unreached) */
async function deviceOf(
  { server }: ServerPlace,
  volume: { readonly id: string; readonly size: number },
  signal: AbortSignal,
  before: ReadonlySet<string> | null,
): Promise<Readonly<Record<string, unknown>>> {
  const serial = volume.id.slice(0, SERIAL_LENGTH);
  const look = async () => {
    const links = (await server.links()).filter((path) => path.includes(serial) && !/-part\d+$/.test(path));
    for (const link of links) {
      const device = await server.devices.at(link);
      if (device) return device;
    }
    return null;
  };
  const device = await waitFor(look, {
    signal,
    what: `a device with the serial ${serial}`,
    deadlineSeconds: DEVICE_SECONDS,
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw unreached(
      `volume ${volume.id} is attached to this worker's server, but no device appeared: ${messageOf(error)}`,
      'See whether the server that server_id names is the one that this worker runs in, and whether udev runs there.',
      error,
    );
  });
  if (before?.has(device.number) === true)
    throw unreached(
      `${device.path} was there before volume ${volume.id} was attached: it may be another disk`,
    );
  if (device.size !== volume.size * GIB)
    throw unreached(
      `${device.path} has ${device.size} bytes, but volume ${volume.id} has ${volume.size * GIB}: it is another disk`,
    );
  return { kind: 'block', ...device, startsZero: false };
}

/** Attached for a worker's sake to a server of that project: a worker's server may have been migrated itself, with volumes. */
async function isOurs(
  { session }: Place,
  serverId: string,
  volumeId: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const all = await listServerVolumes(session, serverId, signal);
    return all.some((one) => one.volumeId === volumeId && one.tag === TAG);
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw error;
  }
}

/** Servers that hold it for a worker's sake. */
async function holders(place: Place, volumeId: string, signal: AbortSignal): Promise<string[]> {
  const found: string[] = [];
  for (const { instance } of await listAttachments(place.session, volumeId, signal))
    if (instance !== null && (await isOurs(place, instance, volumeId, signal))) found.push(instance);
  return found;
}

async function detached(
  place: Place,
  serverId: string,
  volumeId: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { session } = place;
  const there = await untilGone({
    what: `volume ${volumeId} at server ${serverId}`,
    deadlineSeconds: DETACH_SECONDS,
    signal,
    look: async () => {
      if (await isOurs(place, serverId, volumeId, signal)) return 'there';
      const left = await listAttachments(session, volumeId, signal);
      return left.some(({ instance }) => instance === serverId) ? 'going' : 'absent';
    },
    ask: () => detachVolume(session, serverId, volumeId, signal),
  });
  return there === 'removed';
}

async function attached(
  session: OpenStackSession,
  host: ServerPlace,
  place: Place,
  volumeId: string,
  signal: AbortSignal,
): Promise<CreatedArtifact> {
  const before = await host.server.devices.all();
  if (!place.own) await moveVolume(volumeId, session, place.session, signal);
  await attachVolume(place.session, place.serverId, volumeId, signal, TAG);
  const volume = await waitFor(
    async () => {
      const now = await inProject(place.session, volumeId, signal);
      if (!now || now.status.startsWith('error'))
        throw new GutsError('destination_refused', `volume ${volumeId} is ${now?.status ?? 'gone'}`);
      return now.status === 'in-use' ? now : null;
    },
    { signal, what: `volume ${volumeId} to be in use`, deadlineSeconds: ATTACH_SECONDS },
  );
  return {
    externalId: attachedId(place.serverId, volumeId),
    data: await deviceOf(host, volume, signal, before),
  };
}

/**
 * A volume at the worker's own server, as a device of it. Where that server is in another project than the target, the
 * volume is lent to that project while it is attached. Detaching fences: the device is taken from whoever has it open.
 * Its id is {@link attachedId}'s.
 */
export const serverAttachmentOps = (host: ServerPlace): ArtifactKindOps<'attachment'> => ({
  service: 'volume',
  async *marked(session, signal) {
    const place = await host.of(session, signal).catch((error: unknown) => {
      // A worker that is no server has none of these, and the rest is still to be listed.
      if (error instanceof GutsError && error.details?.['unreached'] === true) return null;
      throw error;
    });
    if (!place) return;
    for await (const volume of eachVolume(place.session, {}, signal)) {
      const marker = parseMarker(volume.metadata[MARKER_KEY] ?? '');
      if (!marker) continue;
      for (const server of await holders(place, volume.id, signal))
        yield { kind: 'attachment', externalId: attachedId(server, volume.id), name: null, marker };
    }
  },
  async create(session, { volumeId }, _marker, signal) {
    return attached(session, host, await host.of(session, signal), volumeId, signal);
  },
  async find(session, { volumeId }, _marker, signal) {
    const place = await host.of(session, signal);
    const [server] = await holders(place, volumeId, signal);
    const away = !place.own && (await inProject(place.session, volumeId, signal)) !== null;
    if (server === undefined && !away) return null;
    const externalId = attachedId(server ?? place.serverId, volumeId);
    return { externalId, data: { unusable: 'it was attached by another process' } };
  },
  async findAll(session, { volumeId }, _marker, signal) {
    const place = await host.of(session, signal);
    const servers = await holders(place, volumeId, signal);
    // Not attached it may still be lent, or on offer: removing puts that right.
    return (servers.length > 0 ? servers : [place.serverId]).map((one) => attachedId(one, volumeId));
  },
  waitUsable: (_session, id) => Promise.reject(unusable('attachment', id, 'of another process')),
  async remove(session, id, signal) {
    const { serverId, volumeId } = parseAttachedId(id);
    const place = await host.of(session, signal);
    const was = await detached(place, serverId, volumeId, signal);
    const target = await inProject(session, volumeId, signal);
    const lent = !place.own && !target && (await inProject(place.session, volumeId, signal)) !== null;
    if (!target && !lent) return was ? 'removed' : 'absent';
    await moveVolume(volumeId, place.session, session, signal);
    return was || lent ? 'removed' : 'absent';
  },
});
