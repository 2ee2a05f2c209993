import { type GutsError, messageOf } from '@guts/core';
import { type Check, failed, type Finding } from './check.ts';

/** Longer than any check should take; ms. */
const CHECK_MS = 120_000;

const remedyOf = (error: unknown): string | null =>
  (error as Partial<Pick<GutsError, 'remedy'>> | null)?.remedy ?? null;

/** All findings, in the order of the checks; they run at once. A check that throws has failed. */
export async function runChecks(checks: readonly Check[], signal: AbortSignal): Promise<Finding[]> {
  const found = await Promise.all(
    checks.map(async (check) => {
      const until = AbortSignal.any([signal, AbortSignal.timeout(CHECK_MS)]);
      try {
        return await check.run(until);
      } catch (error) {
        signal.throwIfAborted();
        return [failed(check.subject, messageOf(error), remedyOf(error))];
      }
    }),
  );
  return found.flat();
}
