import type { Console } from '@guts/contract';
import { GutsError, type Migration, type Store } from '@guts/core';

/**
 * What the console of a migration's server showed.
 * @throws GutsError `not_found` when nothing is kept
 */
export async function consoleOf(store: Pick<Store, 'getConsole'>, { id, spec }: Migration): Promise<Console> {
  const kept = await store.getConsole(id);
  if (kept) return { ...kept };
  if (spec.policies.verifyBoot === 'off')
    throw new GutsError('not_found', 'nothing of its console is kept: its policy is not to look at it', {
      remedy: "Look at the server's console in the cloud.",
    });
  throw new GutsError('not_found', 'nothing of its console is kept: it was not looked at (yet)', {
    remedy: 'It is kept when step verify-boot ends, with or without a proof: ask again then.',
  });
}
