import type { UnaskedRule } from '@guts/contract';
import {
  type DestinationFacts,
  type Endpoint,
  GutsError,
  type Instance,
  preflight,
  type PreflightQuestion,
  type PreflightResult,
  unasked,
} from '@guts/core';
import type { ApiParts } from '../api-parts.ts';

/** @throws GutsError `conflict`: guts-api opens no connection, and nobody refreshed it */
export async function factsOf(
  { store }: Pick<ApiParts, 'store'>,
  destination: Endpoint,
): Promise<DestinationFacts> {
  const found = await store.getFacts(destination.id);
  if (found) return found;
  throw new GutsError('conflict', `destination "${destination.name}" was never refreshed`, {
    remedy: 'Refresh it first: POST /v1/destinations/ID/actions with {"action": "refresh"}.',
  });
}

/** What all instances of a request are asked with. */
export type Asking = Omit<PreflightQuestion, 'instance' | 'held'>;

export function checkInstance(instance: Instance, asking: Asking): PreflightResult {
  // Whether addresses are free only the destination can tell: the migration's own preflight asks it.
  return preflight({ ...asking, instance, held: null });
}

/** What was not asked, for it needs a connection or a destination. */
export function notAsked(destination: boolean): UnaskedRule[] {
  return unasked({ destination, ports: false }).map(({ id, title }) => ({ code: id, title }));
}
