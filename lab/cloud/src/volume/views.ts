import { microTime } from '../world.ts';
import type { Attachment, Volume, VolumeState, VolumeType } from './state.ts';

export function volumeView(state: VolumeState, volume: Volume): Record<string, unknown> {
  const attachments = [...state.attachments.values()]
    .filter((one) => one.volumeId === volume.id && one.status === 'attached')
    .map((one) => ({
      id: volume.id,
      attachment_id: one.id,
      volume_id: volume.id,
      server_id: one.serverId,
      host_name: one.host,
      device: one.mountpoint,
    }));
  return {
    id: volume.id,
    name: volume.name,
    description: volume.description,
    size: volume.size,
    status: volume.status,
    bootable: String(volume.bootable),
    volume_type: volume.type,
    availability_zone: volume.availabilityZone,
    metadata: volume.metadata,
    ...(Object.keys(volume.imageMetadata).length > 0 ? { volume_image_metadata: volume.imageMetadata } : {}),
    multiattach: volume.multiattach,
    encrypted: false,
    snapshot_id: volume.snapshotId,
    source_volid: volume.sourceVolumeId,
    user_id: volume.userId,
    'os-vol-tenant-attr:tenant_id': volume.projectId,
    attachments,
    created_at: microTime(volume.createdAt),
    updated_at: microTime(volume.updatedAt),
  };
}

export function typeView(type: VolumeType): Record<string, unknown> {
  return {
    id: type.id,
    name: type.name,
    description: type.description,
    is_public: type.isPublic,
    extra_specs: type.extraSpecs,
  };
}

export function attachmentView(attachment: Attachment): Record<string, unknown> {
  return {
    id: attachment.id,
    volume_id: attachment.volumeId,
    instance: attachment.serverId,
    status: attachment.status,
    attach_mode: attachment.mode,
    attached_at: attachment.attachedAt === undefined ? '' : microTime(attachment.attachedAt),
    detached_at: '',
    connection_info: attachment.connectionInfo,
  };
}
