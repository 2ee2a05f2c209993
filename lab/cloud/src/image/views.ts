import { isoTime } from '../world.ts';
import type { Image } from './state.ts';

/** An image as Glance v2 shows it: its own properties flat beside the standard ones. */
export function imageView(image: Image): Record<string, unknown> {
  return {
    ...Object.fromEntries(image.properties),
    name: image.name,
    disk_format: image.diskFormat,
    container_format: image.containerFormat,
    visibility: image.visibility,
    size: image.size,
    virtual_size: image.virtualSize,
    status: image.status,
    checksum: image.checksum,
    protected: image.isProtected,
    min_ram: image.minRam,
    min_disk: image.minDisk,
    owner: image.owner,
    os_hidden: image.isHidden,
    os_hash_algo: image.osHash?.algorithm ?? null,
    os_hash_value: image.osHash?.value ?? null,
    id: image.id,
    created_at: isoTime(image.createdAt),
    updated_at: isoTime(image.updatedAt),
    tags: [...image.tags],
    self: `/v2/images/${image.id}`,
    file: `/v2/images/${image.id}/file`,
    schema: '/v2/schemas/image',
  };
}
