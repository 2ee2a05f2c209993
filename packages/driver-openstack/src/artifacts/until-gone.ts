import { GutsError, messageOf } from '@guts/core';
import { isStatus, UnreachableError, WaitError, waitFor } from '@guts/openstack';

/** `absent`; `going`: its deletion is under way; `held`: why it cannot be deleted yet; `there`. */
export type Presence = 'absent' | 'going' | 'there' | { readonly held: string };

export interface Removal {
  /** For errors: `volume v-1`. */
  readonly what: string;
  readonly deadlineSeconds: number;
  readonly signal: AbortSignal;
  look(): Promise<Presence>;
  /** Asks for the deletion. Refusals of its state (400, 409) and lost answers are looked at again. */
  ask(): Promise<unknown>;
}

/** True when the request may have been carried out though no answer came. */
export function isLost(error: unknown): boolean {
  return error instanceof UnreachableError && !error.neverSent;
}

/**
 * Asks until it is gone; fine when it is gone already, goes while we look, or somebody else deletes it.
 * @throws GutsError `destination_fault` at the deadline, with the last refusal
 */
export async function untilGone(removal: Removal): Promise<'removed' | 'absent'> {
  const { what, deadlineSeconds, signal } = removal;
  let seen = false;
  let refusal: string | null = null;
  const step = async (): Promise<'removed' | 'absent' | null> => {
    const presence = await removal.look();
    if (presence === 'absent') return seen ? 'removed' : 'absent';
    seen = true;
    if (typeof presence === 'object') refusal = presence.held;
    if (presence !== 'there') return null;
    try {
      await removal.ask();
      refusal = null;
      // Much is gone at once.
      if ((await removal.look()) === 'absent') return 'removed';
    } catch (error) {
      if (!isStatus(error, 400, 404, 409) && !isLost(error)) throw error;
      refusal = messageOf(error);
    }
    return null;
  };
  try {
    return await waitFor(step, { signal, what: `${what} to be deleted`, deadlineSeconds });
  } catch (error) {
    if (!(error instanceof WaitError) || refusal === null) throw error;
    throw new GutsError('destination_fault', `${what} cannot be deleted: ${String(refusal)}`, {
      cause: error,
    });
  }
}
