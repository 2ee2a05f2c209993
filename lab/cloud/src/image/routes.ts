/** Glance v2. */
import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { ApiError, conflict, forbidden, notFound } from '../http/api-error.ts';
import { glanceEnvelope } from '../http/envelopes.ts';
import { param, route, type Call, type Reply, type Service } from '../http/service.ts';
import { isAdmin } from '../identity/state.ts';
import { projectOf, type World } from '../world.ts';
import { newImage, patchImage } from './change.ts';
import { refuseImage, refuseUpload, usageRoutes } from './limits.ts';
import { listImages, visible } from './list.ts';
import { schemas } from './schemas.ts';
import type { Image } from './state.ts';
import { finish, receive } from './store.ts';
import { imageView } from './views.ts';

const VERSIONS = [
  '2.15',
  '2.13',
  '2.12',
  '2.11',
  '2.10',
  '2.9',
  '2.7',
  '2.6',
  '2.5',
  '2.4',
  '2.3',
  '2.2',
  '2.1',
  '2.0',
];

export function imageService(world: World): Service {
  let serial = 0;
  return {
    name: 'image',
    prefix: '/image',
    requestIdHeaders: ['X-Openstack-Request-Id'],
    envelope: glanceEnvelope,
    routes: [
      route('GET', '/', (call) => ({ status: 300, json: versions(call) }), { open: true }),
      route('GET', '/versions', (call) => ({ status: 200, json: versions(call) }), { open: true }),
      route('GET', '/v2', (call) => ({ status: 300, json: versions(call) }), { open: true }),
      ...schemas(),
      ...usageRoutes(world),
      route('GET', '/v2/images', (call) => ({ status: 200, json: listImages(world, call) })),
      route('POST', '/v2/images', async (call) => {
        refuseImage(world, projectOf(call.token));
        serial += 1;
        const image = newImage(world, call.token, await call.json(), serial);
        world.images.set(image.id, image);
        const Location = `${call.origin}/image/v2/images/${image.id}`;
        return { status: 201, headers: { Location }, json: imageView(image) };
      }),
      route('GET', '/v2/images/:id', (call) => ({ status: 200, json: imageView(find(world, call)) })),
      route('PATCH', '/v2/images/:id', async (call) => {
        const image = owned(world, call, 'modify_image');
        patchImage(image, call.token, call.request.headers['content-type'] ?? '', await call.json());
        return { status: 200, json: imageView(image) };
      }),
      route('DELETE', '/v2/images/:id', (call) => remove(world, call)),
      route('PUT', '/v2/images/:id/file', (call) => upload(world, call)),
      route('GET', '/v2/images/:id/file', (call) => download(world, call)),
      route('PUT', '/v2/images/:id/tags/:tag', (call) => {
        owned(world, call, 'modify_image').tags.add(param(call, 'tag'));
        return { status: 204 };
      }),
      route('DELETE', '/v2/images/:id/tags/:tag', (call) => {
        if (!owned(world, call, 'modify_image').tags.delete(param(call, 'tag')))
          throw notFound('Tag not found.');
        return { status: 204 };
      }),
    ],
  };
}

function versions(call: Call): unknown {
  const links = [{ rel: 'self', href: `${call.origin}/image/v2/` }];
  return {
    versions: VERSIONS.map((number, index) => ({
      id: `v${number}`,
      status: index === 0 ? 'CURRENT' : 'SUPPORTED',
      links,
    })),
  };
}

function find(world: World, call: Call): Image {
  const image = world.images.get(param(call, 'id'));
  if (!image || !visible(image, call.token)) throw notFound(`No image found with ID ${param(call, 'id')}`);
  return image;
}

function owned(world: World, call: Call, action: string): Image {
  const image = find(world, call);
  if (image.owner !== projectOf(call.token) && !isAdmin(call.token))
    throw forbidden(`You are not authorized to complete ${action} action.`);
  return image;
}

async function remove(world: World, call: Call): Promise<Reply> {
  const image = owned(world, call, 'delete_image');
  if (image.isProtected) throw forbidden(`Image ${image.id} is protected and cannot be deleted.`);
  world.images.delete(image.id);
  await rm(world.imagePath(image.id), { force: true });
  return { status: 204 };
}

async function upload(world: World, call: Call): Promise<Reply> {
  const image = owned(world, call, 'upload_image');
  const { headers } = call.request;
  if (!(headers['content-type'] ?? '').startsWith('application/octet-stream'))
    throw new ApiError(415, 'The request body must be of type application/octet-stream.');
  if (image.status !== 'queued')
    throw conflict(`Image status transition from ${image.status} to saving is not allowed`);
  if (image.diskFormat === null || image.containerFormat === null)
    throw new ApiError(400, 'Properties disk_format, container_format must be set prior to saving data.');
  refuseUpload(world, image.owner);
  image.status = 'saving';
  const length = headers['content-length'];
  try {
    const received = await receive(
      world,
      image,
      call.body,
      length === undefined ? undefined : Number(length),
    );
    if (!world.images.has(image.id)) {
      await rm(world.imagePath(image.id), { force: true });
      throw new ApiError(
        410,
        `Image ${image.id} could not be found after upload. It may have been deleted during it.`,
      );
    }
    const verdict = finish(image, received);
    if (!verdict.ok) throw new ApiError(415, verdict.why);
  } catch (error) {
    image.status = 'queued';
    await rm(world.imagePath(image.id), { force: true });
    throw error;
  }
  if (call.doom !== undefined) {
    image.status = 'killed';
    return { status: 204 };
  }
  await new Promise<void>((resolve) => {
    world.timers.after(world.delays.imageActivate, resolve);
  });
  image.status = 'active';
  image.updatedAt = Date.now();
  return { status: 204 };
}

async function download(world: World, call: Call): Promise<Reply> {
  const image = find(world, call);
  if (image.status !== 'active') return { status: 204 };
  const path = world.imagePath(image.id);
  const { size } = await stat(path);
  const headers = { 'Content-Type': 'application/octet-stream', 'Content-MD5': image.checksum ?? '' };
  const range = /^bytes=(\d+)-(\d*)$/.exec(call.request.headers.range ?? '');
  if (!range) return { status: 200, headers, stream: { source: createReadStream(path), length: size } };
  const start = Number(range[1]);
  const end = range[2] === '' ? size - 1 : Math.min(Number(range[2]), size - 1);
  if (start >= size || end < start)
    throw new ApiError(416, `The range ${range[0]} is not within ${size} bytes.`);
  return {
    status: 206,
    headers: { 'Content-Type': 'application/octet-stream', 'Content-Range': `bytes ${start}-${end}/${size}` },
    stream: { source: createReadStream(path, { start, end }), length: end - start + 1 },
  };
}
