import { STEPS, type WizardStep } from './draft.ts';

export interface WizardSearch {
  /** Id of the draft. */
  readonly draft?: string;
  readonly step?: WizardStep;
}

/** What is not understood is left out. */
export function readWizardSearch(search: Record<string, unknown>): WizardSearch {
  const draft = typeof search['draft'] === 'string' ? search['draft'] : '';
  const step = STEPS.find((one) => one === search['step']);
  return { ...(/^d[0-9a-f]{16}$/.test(draft) ? { draft } : {}), ...(step === undefined ? {} : { step }) };
}
