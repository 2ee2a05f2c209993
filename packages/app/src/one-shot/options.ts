import type { MigrationOptions } from '@guts/cli';
import type { VolumeAccess } from '@guts/driver-openstack';

/** What may be asked of a migration that an earlier run made. */
export type OneShotAction = 'cancel' | 'retry' | 'revert' | 'commit';

export const DEFAULT_USERNAME = 'administrator@vsphere.local';

/** What `guts migrate` is told. */
export interface OneShotOptions extends MigrationOptions {
  readonly source: string;
  readonly username: string;
  readonly passwordFile?: string;
  readonly ca?: string;
  readonly fingerprint?: string;
  readonly insecure: boolean;
  readonly instance: readonly string[];
  readonly cloud?: string;
  readonly volumeAccess: VolumeAccess;
  /** Shows what would be made, and makes nothing. */
  readonly dryRun: boolean;
  /** Left out: machines are moved. */
  readonly action?: OneShotAction;
  /** Of a revert. */
  readonly target?: 'park' | 'remove';
  readonly yes: boolean;
}
