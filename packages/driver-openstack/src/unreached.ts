import { GutsError } from '@guts/core';

/**
 * This worker's host does not reach the volume: another may, and an image fills it from anywhere. Recognised by
 * `details.unreached === true`; the code is `destination_refused`.
 */
export function unreached(message: string, remedy?: string, cause?: unknown): GutsError {
  return new GutsError('destination_refused', message, {
    details: { unreached: true },
    ...(cause === undefined ? {} : { cause }),
    ...(remedy === undefined ? {} : { remedy }),
  });
}
