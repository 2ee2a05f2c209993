import type { Artifact } from '@guts/contract';
import type { Boot } from '../boot.ts';

/** Where Horizon shows a thing, behind `/project/` or `/admin/` (its panels of instances, volumes, images and ports). */
const PLACES: Readonly<Partial<Record<Artifact['kind'], string>>> = {
  server: 'instances',
  volume: 'volumes',
  image: 'images',
};

/** Path of Horizon's page about an artifact; null: it has none. */
export function horizonPath(
  { kind, external_id: id }: Pick<Artifact, 'kind' | 'external_id'>,
  { base }: Pick<Boot, 'base'>,
): string | null {
  const place = PLACES[kind];
  if (place === undefined || id === null) return null;
  // The app lies at WEBROOT/project/guts/ or WEBROOT/admin/guts/.
  const panels = base.replace(/[^/]+\/$/, '');
  return `${panels}${place}/${encodeURIComponent(id)}/`;
}
