import type { DiskCopier } from '@guts/core';
import { copyDisk, verifyDisk } from '@guts/disk';

/** The copy engine of `@guts/disk` behind core's port. */
export const diskCopier: DiskCopier = {
  copy: (job) => copyDisk(job),
  verify: (job) => verifyDisk(job),
};
