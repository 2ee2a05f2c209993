import type { ArtifactSpecs, CreatedArtifact, DestinationArtifactKind, Marker } from '@guts/core';
import type { OpenStackSession } from '@guts/openstack';

/** What making, finding and removing one kind of object takes. */
export interface ArtifactKindOps<K extends DestinationArtifactKind> {
  create(
    session: OpenStackSession,
    spec: ArtifactSpecs[K],
    marker: Marker,
    signal: AbortSignal,
  ): Promise<CreatedArtifact>;
  find(
    session: OpenStackSession,
    spec: ArtifactSpecs[K],
    marker: Marker,
    signal: AbortSignal,
  ): Promise<CreatedArtifact | null>;
  remove(session: OpenStackSession, externalId: string, signal: AbortSignal): Promise<'removed' | 'absent'>;
}

/** Key of the marker in metadata and image properties. */
export const MARKER_KEY = 'guts_marker';
