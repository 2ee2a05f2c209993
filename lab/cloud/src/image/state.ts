export type ImageStatus =
  'queued' | 'uploading' | 'importing' | 'saving' | 'active' | 'killed' | 'deactivated';
export type Visibility = 'public' | 'private' | 'shared' | 'community';

export interface Image {
  readonly id: string;
  name: string | null;
  diskFormat: string | null;
  containerFormat: string | null;
  visibility: Visibility;
  owner: string;
  status: ImageStatus;
  /** Bytes as stored. */
  size: number | null;
  /** Bytes as the guest would see them, where the format tells. */
  virtualSize: number | null;
  /** MD5, hexadecimal. */
  checksum: string | null;
  /** Algorithm and hexadecimal value; null before the upload, or where Glance keeps none. */
  osHash: { readonly algorithm: string; readonly value: string } | null;
  minDisk: number;
  minRam: number;
  isProtected: boolean;
  isHidden: boolean;
  readonly tags: Set<string>;
  readonly properties: Map<string, string>;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  updatedAt: number;
  /** Place in the order of creation, for stable paging. */
  readonly serial: number;
}
