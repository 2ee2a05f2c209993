import { ApiCallError } from '@guts/contract';
import { toCallError } from '../api/session.ts';

/** How long is waited to be told why; milliseconds. */
const ASK_MS = 10_000;

/**
 * Whether somebody answered, and why not with a stream: that is told in their words. A cut, or a proxy whose guts-api is
 * away for a moment, has nothing to say.
 */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof ApiCallError)) return true;
  return error.status >= 400 && (error.status < 500 || error.requestId !== null);
}

/** It says no, and not that it is in trouble: asking again soon is of no use. */
export function isLasting(error: unknown): boolean {
  return !(error instanceof ApiCallError) || error.status < 500;
}

/** Asks the address of a stream that did not open why: browsers tell scripts nothing of it. Null: it cannot be known. */
export async function refusalAt(address: string, fetchOf: typeof fetch): Promise<unknown> {
  try {
    const answer = await fetchOf(address, {
      headers: { accept: 'text/event-stream' },
      signal: AbortSignal.timeout(ASK_MS),
    });
    if (!answer.ok) return toCallError(answer.status, await answer.text());
    // It would open now.
    await answer.body?.cancel();
  } catch {
    // Nobody answered, or a page of this host may not read it.
  }
  return null;
}
