/** Creating an image from its attributes, and changing it by JSON patch (Image API v2, "Update image"). */
import { randomUUID } from 'node:crypto';
import { ApiError, badRequest, conflict, forbidden } from '../http/api-error.ts';
import { flagIn, integerIn, isObject, shortText, textIn, textsIn, type JsonObject } from '../http/json.ts';
import { isAdmin, type Token } from '../identity/state.ts';
import { projectOf, type World } from '../world.ts';
import type { Image, Visibility } from './state.ts';

const READ_ONLY = new Set([
  'status',
  'checksum',
  'size',
  'virtual_size',
  'created_at',
  'updated_at',
  'direct_url',
  'self',
  'file',
  'schema',
  'os_hash_algo',
  'os_hash_value',
  'locations',
  'owner_specified',
]);
const OWN = new Set([
  'id',
  'name',
  'disk_format',
  'container_format',
  'visibility',
  'owner',
  'min_disk',
  'min_ram',
  'protected',
  'os_hidden',
  'tags',
]);
const DISK_FORMATS = ['ami', 'ari', 'aki', 'vhd', 'vhdx', 'vmdk', 'raw', 'qcow2', 'vdi', 'iso', 'ploop'];
const CONTAINER_FORMATS = ['ami', 'ari', 'aki', 'bare', 'ovf', 'ova', 'docker', 'compressed'];
const VISIBILITIES = ['public', 'private', 'shared', 'community'];
const PATCH_TYPE = /^application\/openstack-images-v2\.[01]-json-patch/;

const readOnly = (name: string): ApiError => forbidden(`Attribute '${name}' is read-only.`);

/** `serial` is the image's place in the order of creation. */
export function newImage(world: World, token: Token, body: unknown, serial: number): Image {
  if (!isObject(body)) throw badRequest('The body must be an object.');
  const id = textIn(body, 'id') ?? randomUUID();
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) throw badRequest(`${id} is not a UUID.`);
  if (world.images.has(id)) throw conflict(`Image ID ${id} already exists!`);
  const now = Date.now();
  const image: Image = {
    id,
    name: null,
    diskFormat: null,
    containerFormat: null,
    visibility: 'shared',
    owner: projectOf(token),
    status: 'queued',
    size: null,
    virtualSize: null,
    checksum: null,
    osHash: null,
    minDisk: 0,
    minRam: 0,
    isProtected: false,
    isHidden: false,
    tags: new Set(),
    properties: new Map(),
    createdAt: now,
    updatedAt: now,
    serial,
  };
  for (const name of Object.keys(body)) {
    if (READ_ONLY.has(name)) throw readOnly(name);
    if (name !== 'id') set(image, token, body, name);
  }
  return image;
}

function set(image: Image, token: Token, body: JsonObject, name: string): void {
  switch (name) {
    case 'name':
      image.name = imageName(body, name);
      break;
    case 'disk_format':
      image.diskFormat = format(image, body, name, DISK_FORMATS);
      break;
    case 'container_format':
      image.containerFormat = format(image, body, name, CONTAINER_FORMATS);
      break;
    case 'visibility':
      image.visibility = visibility(token, textIn(body, name) ?? 'shared');
      break;
    case 'owner':
      if (!isAdmin(token) && textIn(body, name) !== projectOf(token))
        throw forbidden("You are not permitted to create images owned by '" + String(body[name]) + "'.");
      image.owner = textIn(body, name) ?? image.owner;
      break;
    case 'min_disk':
      image.minDisk = integerIn(body, name) ?? 0;
      break;
    case 'min_ram':
      image.minRam = integerIn(body, name) ?? 0;
      break;
    case 'protected':
      image.isProtected = flagIn(body, name) ?? false;
      break;
    case 'os_hidden':
      image.isHidden = flagIn(body, name) ?? false;
      break;
    case 'tags':
      image.tags.clear();
      for (const tag of textsIn(body, name) ?? []) image.tags.add(tag);
      break;
    default:
      image.properties.set(name, property(body, name));
  }
}

function imageName(body: JsonObject, key: string): string | null {
  const name = shortText(body, key) ?? null;
  if (name !== null && /[\u{10000}-\u{10ffff}]/u.test(name))
    throw badRequest("Name can't contain 4 byte unicode characters.");
  return name;
}

function property(body: JsonObject, name: string): string {
  const value = body[name];
  if (typeof value !== 'string')
    throw badRequest(
      `Provided object does not match schema 'image': ${JSON.stringify(value)} is not of type 'string': property '${name}'.`,
    );
  return value;
}

function format(image: Image, body: JsonObject, name: string, known: readonly string[]): string | null {
  const value = textIn(body, name) ?? null;
  if (value !== null && !known.includes(value))
    throw badRequest(
      `Provided object does not match schema 'image': '${value}' is not one of the ${name} values.`,
    );
  if (image.status !== 'queued')
    throw forbidden(`Attribute ${name} can be only replaced for a queued image.`);
  return value;
}

function visibility(token: Token, value: string): Visibility {
  if (!VISIBILITIES.includes(value))
    throw badRequest(`Provided object does not match schema 'image': '${value}' is not a visibility.`);
  if (value === 'public' && !isAdmin(token))
    throw forbidden('You are not authorized to complete publicize_image action.');
  return value as Visibility;
}

/** Applies a JSON patch of the two media types Glance knows. All operations or none. */
export function patchImage(image: Image, token: Token, mediaType: string, body: unknown): void {
  if (!PATCH_TYPE.test(mediaType))
    throw new ApiError(
      415,
      `Supported media types: application/openstack-images-v2.1-json-patch, not ${mediaType}.`,
    );
  if (!Array.isArray(body)) throw badRequest('Request body must be a JSON array of operation objects.');
  const draft: Image = { ...image, tags: new Set(image.tags), properties: new Map(image.properties) };
  for (const operation of body as unknown[]) apply(draft, token, operation);
  image.tags.clear();
  for (const tag of draft.tags) image.tags.add(tag);
  image.properties.clear();
  for (const [name, value] of draft.properties) image.properties.set(name, value);
  const { tags: _tags, properties: _properties, ...plain } = draft;
  Object.assign(image, plain, { updatedAt: Date.now() });
}

function apply(image: Image, token: Token, operation: unknown): void {
  if (!isObject(operation)) throw badRequest('Operations must be JSON objects.');
  const op = textIn(operation, 'op');
  const path = textIn(operation, 'path') ?? '';
  const name = path.slice(1).replaceAll('~1', '/').replaceAll('~0', '~');
  if (!/^\/[^/]+$/.test(path)) throw badRequest(`Invalid JSON pointer for this resource: '${path}'`);
  if (READ_ONLY.has(name) || name === 'id') throw readOnly(name);
  const exists = OWN.has(name) || image.properties.has(name);
  if (op === 'remove') {
    if (OWN.has(name)) throw forbidden(`Property ${name} may not be removed.`);
    if (!exists) throw conflict(`Property ${name} does not exist.`);
    image.properties.delete(name);
    return;
  }
  if (op !== 'add' && op !== 'replace')
    throw badRequest(`Operations must be add, replace or remove, not ${String(op)}.`);
  if (op === 'replace' && !exists) throw conflict(`Property ${name} does not exist.`);
  if (!('value' in operation)) throw badRequest(`Operation "${op}" requires a member named "value".`);
  set(image, token, { [name]: operation['value'] }, name);
}
