/** Volumes, their types, attachments and transfers. */
export interface Volume {
  readonly id: string;
  name: string | null;
  description: string | null;
  /** GiB. */
  size: number;
  status: string;
  bootable: boolean;
  type: string;
  readonly availabilityZone: string;
  projectId: string;
  readonly userId: string;
  metadata: Record<string, string>;
  /** `volume_image_metadata`: what Nova reads when it boots the volume. */
  imageMetadata: Record<string, string>;
  multiattach: boolean;
  readonly snapshotId: string | null;
  readonly sourceVolumeId: string | null;
  readonly createdAt: number;
  updatedAt: number;
}

export interface VolumeType {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly isPublic: boolean;
  readonly extraSpecs: Record<string, string>;
}

export interface Attachment {
  readonly id: string;
  readonly volumeId: string;
  readonly projectId: string;
  readonly serverId: string | null;
  status: 'reserved' | 'attaching' | 'attached';
  mode: string;
  connectionInfo: Record<string, unknown>;
  host: string;
  mountpoint: string;
  attachedAt: number | undefined;
}

export interface Transfer {
  readonly id: string;
  readonly name: string;
  readonly volumeId: string;
  readonly authKey: string;
  readonly createdAt: number;
}

export interface VolumeState {
  readonly volumes: Map<string, Volume>;
  readonly types: Map<string, VolumeType>;
  readonly attachments: Map<string, Attachment>;
  readonly transfers: Map<string, Transfer>;
}
