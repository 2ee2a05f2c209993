import type { DiskCopier } from '@guts/core';
import { type CopyBudget, copyDisk, repairDisk, verifyDisk } from '@guts/disk';

/**
 * The copy engine of `@guts/disk` behind core's port.
 * @param budget what all copies and verifications of one worker share
 */
export const diskCopier = (budget: CopyBudget): DiskCopier => ({
  copy: (job) => copyDisk({ ...job, budget }),
  verify: (job) => verifyDisk({ ...job, budget }),
  repair: (job) => repairDisk({ ...job, budget }),
});
