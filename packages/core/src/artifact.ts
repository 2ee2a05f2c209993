/** Anything GUTS makes outside: recorded as intended, created under a marker, then recorded with its id. */

export const ARTIFACT_KINDS = [
  'port',
  'flavor',
  'volume',
  'image',
  'attachment',
  'server',
  'snapshot',
  'lease',
  // States of the source that we change and put back: recorded like anything else we make.
  'change_tracking',
  'power_state',
  'annotation',
  'local_file',
] as const;
export type ArtifactKind = (typeof ARTIFACT_KINDS)[number];
export type ArtifactSide = 'source' | 'destination' | 'worker';

/**
 * `intended`: it may or may not exist outside; `created`: it exists under `externalId`; `removed`: seen gone;
 * `released`: it stays and is the user's now.
 */
export type ArtifactStatus = 'intended' | 'created' | 'removed' | 'released';

/** By what an artifact is found again when its id was never recorded. */
export interface Marker {
  readonly migrationId: string;
  readonly artifactId: string;
}

/** The marker as one word: fits names, tags, descriptions and property values. */
export function markerText(marker: Marker): string {
  return `guts:${marker.migrationId}:${marker.artifactId}`;
}

export interface Artifact {
  readonly id: string;
  readonly migrationId: string;
  readonly kind: ArtifactKind;
  readonly side: ArtifactSide;
  /** What it is for within the migration, unique per migration: `port:4000`, `volume:2000`, `server`. */
  readonly role: string;
  readonly status: ArtifactStatus;
  readonly externalId: string | null;
  readonly name: string | null;
  /** What is needed to make, find or remove it; JSON. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Order of creation within the migration: removal goes backwards. */
  readonly sequence: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** An object found outside by our marker. */
export interface MarkedObject {
  readonly kind: ArtifactKind;
  readonly externalId: string;
  readonly name: string | null;
  /** The artifact's id; the migration's is '' where only the artifact's fits into the marker. */
  readonly marker: Marker;
}

/** The inverse of {@link markerText}; null: it is none of ours. */
export function parseMarker(text: string): Marker | null {
  const [, migrationId, artifactId] = /^guts:([\w-]+):([\w-]+)$/.exec(text) ?? [];
  return migrationId === undefined || artifactId === undefined ? null : { migrationId, artifactId };
}
