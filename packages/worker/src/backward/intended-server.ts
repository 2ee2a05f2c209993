import type { Artifact, DestinationConnection, ServerSpec } from '@guts/core';
import type { Journal } from '../journal.ts';

export interface Target {
  readonly destination: DestinationConnection;
  readonly journal: Journal;
  readonly signal: AbortSignal;
}

/** What no server can be built without: its ports, or, where it has none, the disk it boots from. */
async function foundation({ journal }: Target, server: Artifact): Promise<readonly Artifact[]> {
  const { portIds, bootVolumeId, bootImageId } = server.data['spec'] as ServerSpec;
  const ids = new Set<string | null>(portIds.length > 0 ? portIds : [bootVolumeId ?? bootImageId]);
  return (await journal.liveArtifacts()).filter((one) => ids.has(one.externalId));
}

/**
 * Makes sure that a server which is only intended never runs. The request that makes it may still come: a predecessor
 * that was stopped in front of it goes on, or a proxy holds it. To look again once the source is on would be too late,
 * for then two live copies are there already. So what it stands on goes first: Nova refuses a request whose ports,
 * image or boot volume are not there (Compute API, "Create server": 400), and one that it has taken already cannot be
 * built without them. Ports are made anew in no time and hold no data.
 */
export async function preventServer(target: Target, server: Artifact): Promise<void> {
  const { destination, journal, signal } = target;
  await journal.discardObjects(destination, server, signal);
  for (const one of await foundation(target, server)) await journal.discard(destination, one, signal);
  // Also one that came meanwhile; from now on there is none to come.
  await journal.discard(destination, server, signal);
}
