/** Making volumes: empty ones, and ones from an image whose bytes are really converted. */
import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import { openDisk, writeRaw } from '../disk/disk.ts';
import { DiskError } from '../disk/reading.ts';
import { badRequest, notFound } from '../http/api-error.ts';
import { integerIn, objectIn, shortText, textIn, textMapIn } from '../http/json.ts';
import type { Call } from '../http/service.ts';
import { visible } from '../image/list.ts';
import type { Image } from '../image/state.ts';
import { projectOf, type World } from '../world.ts';
import { findType } from './find.ts';
import { refuseOverQuota } from './quotas.ts';
import type { Volume } from './state.ts';

const GIB = 2 ** 30;

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
  if (!world.images.has(image.id)) throw new DiskError(`Image ${image.id} is gone.`);
  const disk = await openDisk(world.imagePath(image.id), image.diskFormat ?? 'raw');
  try {
    // Cinder looks what the bytes are, whatever the image says of them.
    if (image.diskFormat === 'raw' && (await disk.read(0, 4)).toString('latin1') === 'QFI\xfb')
      throw new DiskError(`Image ${image.id} is unacceptable: raw by its word, qcow2 by its bytes.`);
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
  const type = findType(world.volumes, textIn(wanted, 'volume_type') ?? 'default');
  const imageId = textIn(wanted, 'imageRef');
  const image = imageId === undefined ? null : imageFor(world, call, imageId, size);
  const availabilityZone = textIn(wanted, 'availability_zone') ?? world.zones.volume[0] ?? '';
  if (!world.zones.volume.includes(availabilityZone))
    throw badRequest(`Availability zone '${availabilityZone}' is invalid.`);
  const projectId = projectOf(call.token);
  refuseOverQuota(world, projectId, size);
  const now = Date.now();
  const volume: Volume = {
    id: randomUUID(),
    name: shortText(wanted, 'name') ?? null,
    description: textIn(wanted, 'description') ?? null,
    size,
    status: 'creating',
    bootable: image !== null,
    type: type.name,
    availabilityZone,
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
        // What is wrong with the image is the user's business; the rest is a bug.
        if (!(error instanceof DiskError)) throw error;
      }
    }
    volume.updatedAt = Date.now();
  });
  return volume;
}
