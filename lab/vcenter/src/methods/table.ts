import type { Methods } from '../vim.ts';
import { exportMethods } from './export.ts';
import { managerMethods } from './managers.ts';
import { ovfMethods } from './ovf.ts';
import { powerMethods } from './power.ts';
import { reconfigureMethods } from './reconfigure.ts';
import { retrieveMethods } from './retrieve.ts';
import { sessionMethods } from './session.ts';
import { snapshotMethods } from './snapshots.ts';
import { trackingMethods } from './tracking.ts';
import { updateMethods } from './updates.ts';
import { viewMethods } from './views.ts';

/** Every method of the fake, by its SOAP name. */
export const METHODS: Methods = {
  ...sessionMethods,
  ...retrieveMethods,
  ...updateMethods,
  ...viewMethods,
  ...powerMethods,
  ...exportMethods,
  ...trackingMethods,
  ...reconfigureMethods,
  ...snapshotMethods,
  ...managerMethods,
  ...ovfMethods,
};
