import { hostname } from 'node:os';
import type { CreatedArtifact } from '@guts/core';
import {
  completeAttachment,
  createAttachment,
  deleteAttachment,
  eachVolume,
  getAttachment,
  listAttachments,
  type OpenStackSession,
} from '@guts/openstack';
import { volumePath } from '../volume-path.ts';
import { type ArtifactKindOps, MARKER_KEY, markedBy } from './artifact-kind.ts';

async function ready(
  session: OpenStackSession,
  attachment: { id: string; connection_info: Readonly<Record<string, unknown>> },
  signal: AbortSignal,
): Promise<CreatedArtifact> {
  const path = await volumePath(attachment.connection_info);
  await completeAttachment(session, attachment.id, signal);
  return { externalId: attachment.id, data: { path } };
}

/** Found by its volume, which is marked: only the worker attaches it to a host. */
export const attachmentOps: ArtifactKindOps<'attachment'> = {
  service: 'volume',
  async *marked(session, signal) {
    for await (const volume of eachVolume(session, {}, signal)) {
      const [bearer] = markedBy(volume.metadata[MARKER_KEY], 'volume', volume.id, volume.name);
      if (!bearer) continue;
      for (const one of await listAttachments(session, volume.id, signal))
        if (one.instance === null)
          yield { kind: 'attachment', externalId: one.id, name: null, marker: bearer.marker };
    }
  },
  async create(session, { volumeId }, _marker, signal) {
    const connector = {
      host: hostname(),
      ip: '127.0.0.1',
      multipath: false,
      os_type: 'linux',
      platform: 'x86_64',
      do_local_attach: false,
    };
    return ready(session, await createAttachment(session, volumeId, connector, signal), signal);
  },
  async find(session, { volumeId }, _marker, signal) {
    const ours = (await listAttachments(session, volumeId, signal)).find((one) => one.instance === null);
    return ours ? ready(session, await getAttachment(session, ours.id, signal), signal) : null;
  },
  remove: async (session, id, signal) =>
    (await deleteAttachment(session, id, signal)) ? 'removed' : 'absent',
};
