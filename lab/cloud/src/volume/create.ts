/** Making volumes: empty ones, and ones from an image whose bytes are really converted. */
import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import { openDisk, writeRaw } from '../disk/disk.ts';
import { ApiError, badRequest, notFound } from '../http/api-error.ts';
import { integerIn, objectIn, textIn, textMapIn } from '../http/json.ts';
import type { Call } from '../http/service.ts';
import { visible } from '../image/list.ts';
import type { Image } from '../image/state.ts';
import { projectOf, type World } from '../world.ts';
import type { Volume } from './state.ts';

const GIB = 2 ** 30;

function refuseOverQuota(world: World, projectId: string, size: number): void {
  const own = [...world.volumes.volumes.values()].filter((one) => one.projectId === projectId);
  const quotas = world.quotas(projectId);
  const used = own.reduce((sum, one) => sum + one.size, 0);
  if (quotas.volumes >= 0 && own.length >= quotas.volumes)
    throw new ApiError(
      413,
      `VolumeLimitExceeded: Maximum number of volumes allowed (${quotas.volumes}) exceeded for quota 'volumes'.`,
    );
  if (quotas.gigabytes >= 0 && used + size > quotas.gigabytes)
    throw new ApiError(
      413,
      `VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested ${size}G, quota is ${quotas.gigabytes}G and ${used}G has been consumed.`,
    );
}

function imageFor(world: World, call: Call, id: string, size: number): Image {
  const image = world.images.get(id);
  if (!image || !visible(image, call.token)) throw notFound(`Image ${id} could not be found.`);
  if (image.status !== 'active')
    throw badRequest(`Invalid image identifier or unable to access requested image: it is ${image.status}.`);
  const needed = Math.max(image.minDisk, Math.ceil((image.virtualSize ?? image.size ?? 0) / GIB));
  if (size < needed)
    throw badRequest(
      `Invalid input received: Size of specified image ${needed}GB is larger than volume size ${size}GB.`,
    );
  return image;
}

/** Image properties that Cinder copies into `volume_image_metadata`. */
function metadataOf(image: Image): Record<string, string> {
  return {
    ...Object.fromEntries(image.properties),
    image_id: image.id,
    image_name: image.name ?? '',
    checksum: image.checksum ?? '',
    container_format: image.containerFormat ?? '',
    disk_format: image.diskFormat ?? '',
    min_disk: String(image.minDisk),
    min_ram: String(image.minRam),
    size: String(image.size ?? 0),
  };
}

async function fill(world: World, volume: Volume, image: Image | null): Promise<void> {
  const path = world.volumePath(volume.id);
  if (!image) {
    const file = await open(path, 'w');
    await file.truncate(volume.size * GIB);
    await file.close();
    return;
  }
  const disk = await openDisk(world.imagePath(image.id), image.diskFormat ?? 'raw');
  try {
    await writeRaw(disk, path, volume.size * GIB);
  } finally {
    await disk.close();
  }
}

export async function createVolume(world: World, call: Call): Promise<Volume> {
  const wanted = objectIn(await call.json(), 'volume');
  const size = integerIn(wanted, 'size');
  if (size === undefined || size < 1)
    throw badRequest(
      `Invalid input received: Volume size '${size ?? ''}' must be an integer and greater than 0`,
    );
  const typeName = textIn(wanted, 'volume_type') ?? [...world.volumes.types.values()][0]?.name ?? '';
  const type = [...world.volumes.types.values()].find((one) => one.name === typeName || one.id === typeName);
  if (!type) throw notFound(`Volume type ${typeName} could not be found.`);
  const imageId = textIn(wanted, 'imageRef');
  const image = imageId === undefined ? null : imageFor(world, call, imageId, size);
  const projectId = projectOf(call.token);
  refuseOverQuota(world, projectId, size);
  const now = Date.now();
  const volume: Volume = {
    id: randomUUID(),
    name: textIn(wanted, 'name') ?? null,
    description: textIn(wanted, 'description') ?? null,
    size,
    status: 'creating',
    bootable: image !== null,
    type: type.name,
    availabilityZone: textIn(wanted, 'availability_zone') ?? 'nova',
    projectId,
    userId: call.token.user.id,
    metadata: textMapIn(wanted, 'metadata') ?? {},
    imageMetadata: image ? metadataOf(image) : {},
    multiattach: false,
    snapshotId: null,
    sourceVolumeId: null,
    createdAt: now,
    updatedAt: now,
  };
  world.volumes.volumes.set(volume.id, volume);
  const { doom } = call;
  world.timers.after(world.delays.volumeCreate, async () => {
    if (doom !== undefined) volume.status = 'error';
    else {
      try {
        await fill(world, volume, image);
        volume.status = 'available';
      } catch (error) {
        volume.status = 'error';
        throw error;
      }
    }
    volume.updatedAt = Date.now();
  });
  return volume;
}
