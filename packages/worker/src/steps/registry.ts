import { GutsError, type StepName } from '@guts/core';
import type { StepRun } from '../context.ts';
import { baseline } from './baseline.ts';
import { convert } from './convert.ts';
import { preflight } from './preflight.ts';
import { provision } from './provision.ts';
import { release } from './release.ts';
import { reserve } from './reserve.ts';
import { shutdown } from './shutdown.ts';
import { transfer } from './transfer.ts';
import { verifyBoot } from './verify-boot.ts';
import { verifyData } from './verify-data.ts';

const RUNS: Partial<Readonly<Record<StepName, StepRun>>> = {
  preflight,
  reserve,
  baseline,
  transfer,
  shutdown,
  'verify-data': verifyData,
  convert,
  provision,
  'verify-boot': verifyBoot,
  release,
};

/** @throws GutsError `unsupported` for steps that only a warm migration has */
export function runOf(step: StepName): StepRun {
  const run = RUNS[step];
  if (!run)
    throw new GutsError('unsupported', `this version has no step ${step}: only cold migrations are run`);
  return run;
}
