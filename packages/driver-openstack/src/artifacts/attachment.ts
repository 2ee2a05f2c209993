import { hostname } from 'node:os';
import { type CreatedArtifact, GutsError, markerText, messageOf, parseMarker } from '@guts/core';
import {
  type Attachment,
  completeAttachment,
  createAttachment,
  deleteAttachment,
  eachVolume,
  getAttachment,
  getVolume,
  isStatus,
  listAttachments,
  type OpenStackSession,
  type Volume,
  waitFor,
} from '@guts/openstack';
import type { HostFiles } from '../host-files.ts';
import { type BrickSession, BrickVolumes } from '../brick/volumes.ts';
import type { ShareHolds } from '../nfs/holds.ts';
import { volumeFile } from '../volume-file.ts';
import { type ArtifactKindOps, MARKER_KEY, markedBy } from './artifact-kind.ts';
import { unusable } from './unusable.ts';
import { untilGone } from './until-gone.ts';

const FREE_SECONDS = 300;
const REMOVE_SECONDS = 300;

/** What of this host one connection uses. */
export interface AttachHost {
  readonly files: HostFiles;
  readonly shares: ShareHolds;
  readonly brick: BrickSession | null;
}

/** The file or device of this host that an attachment gives. @throws GutsError `destination_refused` when there is none */
async function fileOf(
  session: OpenStackSession,
  attachment: Attachment,
  host: AttachHost,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const volume = await getVolume(session, attachment.volume_id, signal);
  if (!volume) throw new GutsError('destination_refused', `volume ${attachment.volume_id} is gone`);
  const info = attachment.connection_info;
  if (host.brick && BrickVolumes.knows(String(info['driver_volume_type'])))
    return { kind: 'block', ...(await host.brick.attach(attachment.id, info, volume, signal)) };
  return { ...(await volumeFile(info, volume, host.files, host.shares, signal)) };
}

/** Where this host reaches it, and that it is in use. */
async function ready(
  session: OpenStackSession,
  attachment: Attachment,
  host: AttachHost,
  signal: AbortSignal,
): Promise<CreatedArtifact> {
  const data = await fileOf(session, attachment, host, signal);
  if (attachment.status !== 'attached') await completeAttachment(session, attachment.id, signal);
  return { externalId: attachment.id, data };
}

/** Null: it is gone. */
async function look(session: OpenStackSession, id: string, signal: AbortSignal): Promise<Attachment | null> {
  try {
    return await getAttachment(session, id, signal);
  } catch (error) {
    if (isStatus(error, 404)) return null;
    throw error;
  }
}

/** Holders of the volume, for the error of who finds it taken. */
function holders(volume: Volume | null): string {
  const names = (volume?.attachments ?? []).map((one) => one.device ?? one.attachment_id);
  return names.length === 0 ? '' : `: it is held by ${names.join(', ')}`;
}

/**
 * A volume at this host. Its connector says whose it is: `host` this host's name, `mountpoint` the marker, which
 * Cinder shows as `device` in the volume's attachments (API v3, "Show a volume's details") once it is complete.
 * Still, it is found by its volume, which is marked and which nobody but the worker attaches to a host.
 *
 * What an attachment fences: deleting a predecessor's takes its path away, so that it cannot be opened again, and
 * where Cinder's driver exports per host (iSCSI, Fibre Channel, NVMe-oF) its open device fails from then on. With
 * NFS and RBD a file that a stopped predecessor still has open stays writable until its process ends: there nothing
 * fences it, and the volume is verified after the predecessor is proven gone.
 */
export const attachmentOps = (host: AttachHost): ArtifactKindOps<'attachment'> => ({
  service: 'volume',
  async *marked(session, signal) {
    for await (const volume of eachVolume(session, {}, signal)) {
      const [bearer] = markedBy(volume.metadata[MARKER_KEY], 'volume', volume.id, volume.name);
      if (!bearer) continue;
      for (const one of await listAttachments(session, volume.id, signal)) {
        if (one.instance !== null) continue;
        const device = volume.attachments?.find(({ attachment_id }) => attachment_id === one.id)?.device;
        const marker = parseMarker(device ?? '') ?? bearer.marker;
        yield { kind: 'attachment', externalId: one.id, name: null, marker };
      }
    }
  },
  async create(session, { volumeId }, marker, signal) {
    const connector = {
      ip: '127.0.0.1',
      multipath: false,
      os_type: 'linux',
      platform: 'x86_64',
      do_local_attach: false,
      ...(host.brick ? await host.brick.connector(signal) : {}),
      host: hostname(),
      mountpoint: markerText(marker),
    };
    const made = await waitFor(
      async () => {
        try {
          return await createAttachment(session, volumeId, connector, signal);
        } catch (error) {
          if (!isStatus(error, 400, 409)) throw error;
          // It may still be letting go of an attachment that has just been deleted.
          const volume = await getVolume(session, volumeId, signal);
          const others = await listAttachments(session, volumeId, signal);
          if (others.length === 0 && /^(detaching|in-use)$/.test(volume?.status ?? '')) return null;
          throw new GutsError('destination_refused', `${messageOf(error)}${holders(volume)}`, {
            cause: error,
          });
        }
      },
      { signal, what: `volume ${volumeId} to be free`, deadlineSeconds: FREE_SECONDS },
    );
    return ready(session, made, host, signal);
  },
  async find(session, { volumeId }, _marker, signal) {
    for (const one of await listAttachments(session, volumeId, signal)) {
      if (one.instance !== null) continue;
      const attachment = await look(session, one.id, signal);
      if (!attachment) continue;
      try {
        return await ready(session, attachment, host, signal);
      } catch (error) {
        // Made by another host, or never given a connection: it can be removed, but not used.
        if (!(error instanceof GutsError)) throw error;
        return { externalId: one.id, data: { unusable: error.message } };
      }
    }
    return null;
  },
  async findAll(session, { volumeId }, _marker, signal) {
    const all = await listAttachments(session, volumeId, signal);
    return all.filter((one) => one.instance === null).map((one) => one.id);
  },
  async waitUsable(session, id, _spec, signal) {
    const attachment = await look(session, id, signal);
    if (!attachment) throw unusable('attachment', id, 'gone');
    try {
      await fileOf(session, attachment, host, signal);
    } catch (error) {
      throw unusable('attachment', id, attachment.status, messageOf(error));
    }
  },
  async remove(session, id, signal) {
    // The device first: without its export it would hang.
    await host.brick?.detach(id, signal);
    return untilGone({
      what: `attachment ${id}`,
      deadlineSeconds: REMOVE_SECONDS,
      signal,
      look: async () => ((await look(session, id, signal)) ? 'there' : 'absent'),
      ask: () => deleteAttachment(session, id, signal),
    });
  },
});
