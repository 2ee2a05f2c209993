import { type StepName, stepsFor } from '@guts/core';

/** The steps of each mode, in their order. */
export const STEPS: Readonly<Record<'cold' | 'warm', readonly StepName[]>> = {
  cold: stepsFor('cold').map(({ name }) => name),
  warm: stepsFor('warm').map(({ name }) => name),
};
