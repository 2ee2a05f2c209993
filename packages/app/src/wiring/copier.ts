import type { DiskCopier } from '@guts/core';
import { type CopyBudget, copyDisk, repairDisk, verifyDisk } from '@guts/disk';
import { diskWork } from './disk-errors.ts';

/**
 * The copy engine of `@guts/disk` behind core's port.
 * @param budget what all copies and verifications of one worker share
 */
export const diskCopier = (budget: CopyBudget): DiskCopier => ({
  copy: (job) => diskWork(() => copyDisk({ ...job, budget })),
  verify: (job) => diskWork(() => verifyDisk({ ...job, budget })),
  repair: (job) => diskWork(() => repairDisk({ ...job, budget })),
});
