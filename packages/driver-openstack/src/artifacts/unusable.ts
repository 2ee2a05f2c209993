import { type DestinationArtifactKind, GutsError } from '@guts/core';

/**
 * What was found carries our marker, but will never be of use: half made, in error, or being deleted. The caller
 * removes it (`remove` waits for a deletion that is under way) and makes it anew. Recognised by
 * `details.unusable === true`; the code is `destination_fault`.
 */
export function unusable(
  kind: DestinationArtifactKind,
  externalId: string,
  state: string,
  why: string | null = null,
): GutsError {
  return new GutsError(
    'destination_fault',
    `${kind} ${externalId} cannot be used: it is ${state}${why === null ? '' : ` (${why})`}`,
    { details: { unusable: true, kind, external_id: externalId, state } },
  );
}
