import { type ArtifactKind, type MarkedObject, type Marker, parseMarker } from '@guts/core';
import {
  eachFlavor,
  eachImage,
  eachPort,
  eachServer,
  eachVolume,
  listAttachments,
  type OpenStackSession,
  type Server,
} from '@guts/openstack';
import { MARKER_KEY } from './artifacts/artifact-kind.ts';

const TAG = /^guts:([\w-]+)$/;

/** From the metadata, which has both ids; else from the tag, which has room for the artifact's alone. */
function markerOfServer(server: Server): Marker | null {
  const whole = parseMarker(server.metadata[MARKER_KEY] ?? '');
  if (whole) return whole;
  for (const tag of server.tags ?? []) {
    const [, artifactId] = TAG.exec(tag) ?? [];
    if (artifactId !== undefined) return { migrationId: '', artifactId };
  }
  return null;
}

function* one(
  kind: ArtifactKind,
  externalId: string,
  name: string | null,
  marker: Marker | null,
): Generator<MarkedObject, void> {
  if (marker) yield { kind, externalId, name, marker };
}

/**
 * Everything of the session's project that carries a marker, in the order in which it can be removed: servers,
 * attachments, volumes, images, ports; then flavors, which belong to no project and are told apart by their
 * description alone. Lists are read page by page. An attachment carries the marker of its volume, with the
 * attachment's own id as external id: only hosts that are no servers count, for a server's goes with the server.
 */
export async function* listMarked(
  session: OpenStackSession,
  signal: AbortSignal,
): AsyncGenerator<MarkedObject, void> {
  if (session.has('compute'))
    for await (const server of eachServer(session, {}, signal))
      yield* one('server', server.id, server.name, markerOfServer(server));
  if (session.has('volume'))
    for await (const volume of eachVolume(session, {}, signal)) {
      const marker = parseMarker(volume.metadata[MARKER_KEY] ?? '');
      if (!marker) continue;
      for (const attachment of await listAttachments(session, volume.id, signal))
        if (attachment.instance === null) yield* one('attachment', attachment.id, null, marker);
      yield* one('volume', volume.id, volume.name, marker);
    }
  if (session.has('image'))
    for await (const image of eachImage(session, {}, signal)) {
      const text = image[MARKER_KEY];
      yield* one('image', image.id, image.name, typeof text === 'string' ? parseMarker(text) : null);
    }
  if (session.has('network'))
    // Administrators would see everybody's.
    for await (const port of eachPort(session, { project_id: session.project.id }, signal))
      yield* one('port', port.id, port.name, parseMarker(port.description ?? ''));
  if (session.has('compute'))
    for await (const flavor of eachFlavor(session, signal))
      yield* one('flavor', flavor.id, flavor.name, parseMarker(flavor.description ?? ''));
}
