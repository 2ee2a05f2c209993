/** `GET /v2/images`: filters, order and pages (Image API v2, "List images"). */
import { badRequest } from '../http/api-error.ts';
import type { Call } from '../http/service.ts';
import { isAdmin, type Token } from '../identity/state.ts';
import { projectOf, type World } from '../world.ts';
import type { Image } from './state.ts';
import { imageView } from './views.ts';

const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 1000;
const CONTROLS = new Set([
  'limit',
  'marker',
  'sort',
  'sort_key',
  'sort_dir',
  'tag',
  'size_min',
  'size_max',
  'member_status',
]);

/** Whether a project may see the image by its id. */
export function visible(image: Image, token: Token): boolean {
  if (isAdmin(token) || image.owner === projectOf(token)) return true;
  return image.visibility === 'public' || image.visibility === 'community';
}

export function listImages(world: World, call: Call): Record<string, unknown> {
  const limit = Math.min(limitOf(call), MAX_LIMIT);
  const found = sorted(
    call,
    [...world.images.values()].filter((image) => listed(image, call)),
  );
  const marker = call.query.get('marker');
  const after = marker === null ? -1 : found.findIndex((image) => image.id === marker);
  if (marker !== null && after < 0) throw badRequest(`Invalid marker: no image ${marker} was found.`);
  const page = found.slice(after + 1, after + 1 + limit);
  const last = page.at(-1);
  const base = '/v2/images';
  const first = new URLSearchParams(call.query);
  first.delete('marker');
  const answer: Record<string, unknown> = {
    images: page.map(imageView),
    first: first.size > 0 ? `${base}?${first.toString()}` : base,
    schema: '/v2/schemas/images',
  };
  // Glance gives `next` whenever a page is full, so that the last page may be empty.
  if (last && page.length === limit) {
    const next = new URLSearchParams(call.query);
    next.set('marker', last.id);
    answer['next'] = `${base}?${next.toString()}`;
  }
  return answer;
}

function limitOf(call: Call): number {
  const text = call.query.get('limit');
  if (text === null) return DEFAULT_LIMIT;
  if (!/^\d+$/.test(text)) throw badRequest('limit param must be an integer');
  return Number(text);
}

function listed(image: Image, call: Call): boolean {
  const { token, query } = call;
  if (!visible(image, token)) return false;
  const asked = query.get('visibility');
  // Another project's community image shows up only when asked for.
  if (
    image.visibility === 'community' &&
    image.owner !== projectOf(token) &&
    asked !== 'community' &&
    asked !== 'all'
  )
    return false;
  if (!query.has('os_hidden') && image.isHidden) return false;
  const view = imageView(image);
  for (const tag of query.getAll('tag')) if (!image.tags.has(tag)) return false;
  const size = image.size ?? 0;
  if (size < Number(query.get('size_min') ?? 0) || size > Number(query.get('size_max') ?? Infinity))
    return false;
  for (const [name, wanted] of query) {
    if (CONTROLS.has(name) || (name === 'visibility' && wanted === 'all')) continue;
    const has = view[name];
    const shown =
      typeof has === 'string' || typeof has === 'number' || typeof has === 'boolean' ? String(has) : '';
    const choices = wanted.startsWith('in:')
      ? wanted
          .slice(3)
          .split(',')
          .map((one) => one.replace(/^"(.*)"$/, '$1'))
      : [wanted];
    if (has === undefined || !choices.some((choice) => choice.toLowerCase() === shown.toLowerCase()))
      return false;
  }
  return true;
}

function sorted(call: Call, images: Image[]): Image[] {
  const [key = 'created_at', way = 'desc'] = (
    call.query.get('sort') ??
    `${call.query.get('sort_key') ?? 'created_at'}:${call.query.get('sort_dir') ?? 'desc'}`
  )
    .split(',', 1)
    .join('')
    .split(':');
  const sign = way === 'asc' ? 1 : -1;
  const value = (image: Image): string | number => {
    if (key === 'created_at') return image.serial;
    const shown = imageView(image)[key];
    return typeof shown === 'number' ? shown : typeof shown === 'string' ? shown : '';
  };
  return images.sort((one, two) => {
    const [a, b] = [value(one), value(two)];
    if (a === b) return sign * (one.serial - two.serial);
    return sign * (a < b ? -1 : 1);
  });
}
