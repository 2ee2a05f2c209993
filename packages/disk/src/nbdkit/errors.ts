import { DiskError } from '../errors.ts';

/** What can go wrong with an nbdkit of ours; true where trying the same again may succeed. */
const NBDKIT_CODES = {
  /** There is no such program, or it may not be run. */
  nbdkit_missing: false,
  /** The plugin is not installed, or cannot be loaded. */
  nbdkit_no_plugin: false,
  /** What it was to be started with cannot be given to it. */
  nbdkit_usage: false,
  /** It ended before it listened. */
  nbdkit_failed: false,
  /** It did not listen in time. */
  nbdkit_late: true,
  /** It serves, but opens no disk. */
  nbdkit_refused: false,
  /** It ended, or said nothing any more, while it was used. */
  nbdkit_ended: true,
  /** The disk behind it gives errors. */
  nbdkit_io: true,
} as const;
export type NbdkitErrorCode = keyof typeof NBDKIT_CODES;

/** Any failure of an nbdkit that was started here. Its message ends with what nbdkit said last, without secrets. */
export class NbdkitError extends DiskError {
  declare readonly code: NbdkitErrorCode;
  /** Whether the same may succeed when it is done again. */
  readonly retryable: boolean;
  constructor(code: NbdkitErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.name = 'NbdkitError';
    this.retryable = NBDKIT_CODES[code];
  }
}
