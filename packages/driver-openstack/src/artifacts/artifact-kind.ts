import {
  type ArtifactSpecs,
  type CreatedArtifact,
  type DestinationArtifactKind,
  type MarkedObject,
  type Marker,
  parseMarker,
} from '@guts/core';
import type { OpenStackSession, ServiceName } from '@guts/openstack';

/** What making, finding and removing one kind of object takes. */
export interface ArtifactKindOps<K extends DestinationArtifactKind> {
  /** Whose objects these are. */
  readonly service: ServiceName;
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
  /** Ids of all that {@link find} might give. */
  findAll(
    session: OpenStackSession,
    spec: ArtifactSpecs[K],
    marker: Marker,
    signal: AbortSignal,
  ): Promise<readonly string[]>;
  /** Absent: it can be used as soon as it is found. */
  waitUsable?(
    session: OpenStackSession,
    externalId: string,
    spec: ArtifactSpecs[K],
    signal: AbortSignal,
  ): Promise<void>;
  /** Those of the session's project that carry a marker of ours, read page by page. */
  marked(session: OpenStackSession, signal: AbortSignal): AsyncIterable<MarkedObject>;
  remove(session: OpenStackSession, externalId: string, signal: AbortSignal): Promise<'removed' | 'absent'>;
}

/** Key of the marker in metadata and image properties. */
export const MARKER_KEY = 'guts_marker';

/** One object when the text is a marker, none when it is not. */
export function markedBy(
  text: unknown,
  kind: DestinationArtifactKind,
  externalId: string,
  name: string | null,
): readonly MarkedObject[] {
  const marker = typeof text === 'string' ? parseMarker(text) : null;
  return marker ? [{ kind, externalId, name, marker }] : [];
}
