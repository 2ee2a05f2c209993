import { markerText, type MarkedObject, type Marker, type ServerSpec, validName } from '@guts/core';
import {
  type BlockDevice,
  compareVersions,
  createServer,
  deleteServer,
  eachServer,
  getServer,
  listServers,
  type OpenStackSession,
  type Server,
  unlockServer,
  waitFor,
} from '@guts/openstack';
import { type ArtifactKindOps, MARKER_KEY, markedBy } from './artifact-kind.ts';
import { unusable } from './unusable.ts';
import { untilGone } from './until-gone.ts';

const BUILD_SECONDS = 1800;
/**
 * Nova asks Neutron whenever it shows a server. On two processors one that was first looked at after 3 seconds was built
 * in 5.0, one that was looked at all the time in 5.9 (means of four).
 */
const BUILD_QUIET_MS = 3000;
const REMOVE_SECONDS = 900;

/** A tag is at most 60 characters long, which two ids are not: the metadata has the whole marker. */
const tagOf = (marker: Marker): string => `guts:${marker.artifactId}`;

/** Metadata can be replaced by the user; the tag, which has room for the artifact's id alone, then still tells. */
function byTag(tags: readonly string[], externalId: string, name: string): readonly MarkedObject[] {
  for (const tag of tags) {
    const [, artifactId] = /^guts:([\w-]+)$/.exec(tag) ?? [];
    if (artifactId !== undefined)
      return [{ kind: 'server', externalId, name, marker: { migrationId: '', artifactId } }];
  }
  return [];
}

function blockDevices(spec: ServerSpec): BlockDevice[] {
  const volume = (uuid: string, boot_index: number): BlockDevice => ({
    uuid,
    boot_index,
    source_type: 'volume',
    destination_type: 'volume',
    delete_on_termination: false,
  });
  const data = spec.dataVolumeIds.map((id) => ({
    ...volume(id, -1),
    ...(spec.dataDiskBus === null ? {} : { disk_bus: spec.dataDiskBus }),
  }));
  if (spec.bootVolumeId !== null) return [volume(spec.bootVolumeId, 0), ...data];
  if (data.length === 0 || spec.bootImageId === null) return [];
  const root: BlockDevice = {
    uuid: spec.bootImageId,
    boot_index: 0,
    source_type: 'image',
    destination_type: 'local',
    delete_on_termination: true,
  };
  return [root, ...data];
}

function built(server: Server | null, id: string): Server | null {
  if (!server) throw unusable('server', id, 'gone');
  if (server.status === 'ERROR')
    throw unusable('server', id, 'in ERROR', server.fault?.message ?? 'Nova gives no reason');
  if (server['OS-EXT-STS:task_state'] === 'deleting') throw unusable('server', id, 'being deleted');
  return server.status === 'BUILD' || server.status === 'UNKNOWN' ? null : server;
}

async function waitBuilt(session: OpenStackSession, id: string, signal: AbortSignal): Promise<void> {
  await waitFor(async () => built(await getServer(session, id, signal), id), {
    signal,
    what: `server ${id} to be built`,
    deadlineSeconds: BUILD_SECONDS,
    quietMs: BUILD_QUIET_MS,
  });
}

async function carrying(session: OpenStackSession, marker: Marker, signal: AbortSignal): Promise<Server[]> {
  const version = (await session.microversion('compute', signal)) ?? '2.1';
  const filter: Record<string, string> = compareVersions(version, '2.52') >= 0 ? { tags: tagOf(marker) } : {};
  const servers = await listServers(session, filter, signal);
  const tag = tagOf(marker);
  return servers.filter((one) => one.metadata[MARKER_KEY] === markerText(marker) || one.tags?.includes(tag));
}

export const serverOps: ArtifactKindOps<'server'> = {
  service: 'compute',
  async *marked(session, signal) {
    for await (const { id, name, metadata, tags = [] } of eachServer(session, {}, signal)) {
      const marked = markedBy(metadata[MARKER_KEY], 'server', id, name);
      yield* marked.length > 0 ? marked : byTag(tags, id, name);
    }
  },
  async create(session, spec, marker, signal) {
    const id = await createServer(
      session,
      {
        name: spec.name,
        flavorId: spec.flavorId,
        portIds: spec.portIds,
        imageId: spec.bootImageId,
        blockDevices: blockDevices(spec),
        availabilityZone: spec.availabilityZone,
        metadata: { ...trimmed(spec.metadata), [MARKER_KEY]: markerText(marker) },
        tags: [tagOf(marker)],
      },
      signal,
    );
    await waitBuilt(session, id, signal);
    return { externalId: id, data: {} };
  },
  async find(session, _spec, marker, signal) {
    const [server] = await carrying(session, marker, signal);
    return server ? { externalId: server.id, data: {} } : null;
  },
  async findAll(session, _spec, marker, signal) {
    return (await carrying(session, marker, signal)).map((one) => one.id);
  },
  waitUsable: (session, id, _spec, signal) => waitBuilt(session, id, signal),
  async remove(session, id, signal) {
    let locked = false;
    return untilGone({
      what: `server ${id}`,
      deadlineSeconds: REMOVE_SECONDS,
      signal,
      look: async () => {
        const server = await getServer(session, id, signal);
        if (!server) return 'absent';
        locked = server.locked === true;
        // Nova drops a delete that came while it was building: it is asked for again.
        return server['OS-EXT-STS:task_state'] === 'deleting' ? 'going' : 'there';
      },
      ask: async () => {
        // A parked one. Which an administrator locked we cannot unlock (403), and say so.
        if (locked) await unlockServer(session, id, signal);
        await deleteServer(session, id, signal);
      },
    });
  },
};

/** Values of metadata are at most 255 characters long, and Nova's database takes none beyond U+FFFF in them. */
function trimmed(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, validName(value)]));
}
