import { type Marker, markerText, parseMarker } from '@guts/core';
import type { Snapshot } from '@guts/vsphere';

/** From the description, which people may have added to; else from the name, which tells the migration alone. */
export function markerOf(name: string, description: string): Marker | null {
  const whole = parseMarker(/guts:[\w-]+:[\w-]+/.exec(description)?.[0] ?? '');
  if (whole) return whole;
  const [, migrationId] = /^guts-([\w-]+)$/.exec(name) ?? [];
  return migrationId === undefined ? null : { migrationId, artifactId: '' };
}

export function carries({ name, description }: Snapshot, marker: Marker): boolean {
  const found = markerOf(name, description);
  return found !== null && markerText(found) === markerText(marker);
}
