import type { Artifact } from '@guts/contract';
import type { Boot } from '../boot.ts';

type Thing = Pick<Artifact, 'kind' | 'external_id'>;

/** Where Horizon shows a thing, behind `/project/` or `/admin/` (its panels of instances, volumes and images). */
const PLACES: Readonly<Partial<Record<Artifact['kind'], string>>> = {
  server: 'instances',
  volume: 'volumes',
  image: 'images',
};

function placeOf({ kind, external_id: id }: Thing): string | null {
  const place = PLACES[kind];
  return place === undefined || id === null ? null : `${place}/${encodeURIComponent(id)}/`;
}

/** Inside Horizon: the path of its page about a thing; null: it has none. */
export function horizonPath(thing: Thing, { base }: Pick<Boot, 'base'>): string | null {
  const place = placeOf(thing);
  // The app lies at WEBROOT/project/guts/ or WEBROOT/admin/guts/.
  return place === null ? null : `${base.replace(/[^/]+\/$/, '')}${place}`;
}

/**
 * The same page of a Horizon elsewhere.
 * @param horizon its address, as a destination's settings have it
 * @returns null: it has none, or the address is none that may be opened
 */
export function horizonAddress(thing: Thing, horizon: unknown): string | null {
  const place = placeOf(thing);
  if (place === null || typeof horizon !== 'string' || !URL.canParse(horizon)) return null;
  const { protocol, host, pathname } = new URL(horizon);
  if (protocol !== 'https:' && protocol !== 'http:') return null;
  return `${protocol}//${host}${pathname.replace(/\/+$/, '')}/project/${place}`;
}
