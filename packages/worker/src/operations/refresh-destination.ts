import type { OperationParts } from './operation.ts';

/** Reads what there is at a destination to map to, in the project of its credential, into the database. */
export async function refreshDestination(
  { store, connections, log }: OperationParts,
  id: string,
  signal: AbortSignal,
): Promise<{ flavors: number; networks: number; volumeTypes: number }> {
  const destination = await connections.openDestination(id, { targetProject: null, signal, log });
  try {
    const facts = await destination.facts(signal);
    signal.throwIfAborted();
    await store.putFacts(id, facts);
    const { flavors, networks, volumeTypes } = facts;
    return { flavors: flavors.length, networks: networks.length, volumeTypes: volumeTypes.length };
  } finally {
    await destination.close();
  }
}
