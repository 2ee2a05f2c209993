import type { StepContext, StepResult } from '../context.ts';

/** Guests keep the virtual hardware they have drivers for (image properties): none is converted yet. */
export function convert(_context: StepContext): Promise<StepResult> {
  return Promise.resolve({
    status: 'skipped',
    note: 'the guest keeps the virtual hardware it has drivers for',
  });
}
