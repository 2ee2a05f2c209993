import { GutsError, type Migration, STEP_NAMES, type StepName } from '@guts/core';

/**
 * Makes migrations fail on purpose, for tests of the undo: `GUTS_FAULT_AFTER=<step>` throws after that step's
 * result is recorded. Nothing in normal use sets it.
 */
export function faultAfter(
  env: NodeJS.ProcessEnv,
): ((step: StepName, migration: Migration) => void) | undefined {
  const wanted = env['GUTS_FAULT_AFTER'];
  if (wanted === undefined || wanted === '') return undefined;
  if (!STEP_NAMES.some((step) => step === wanted))
    throw new GutsError('configuration', `GUTS_FAULT_AFTER: there is no step '${wanted}'`);
  return (step) => {
    if (step === wanted) throw new GutsError('fault_injected', `failed on purpose after ${step}`);
  };
}
