import { DiskError } from '../errors.ts';

export type QemuNbdErrorCode =
  /** It, or setpriv of util-linux, is not installed. */
  | 'qemu_nbd_missing'
  /** It did not serve in time. */
  | 'qemu_nbd_late'
  /** It ended by itself, or badly. */
  | 'qemu_nbd_ended';

/** The child process `qemu-nbd` failed; its own words stand in the message. */
export class QemuNbdError extends DiskError {
  declare readonly code: QemuNbdErrorCode;
  constructor(code: QemuNbdErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.name = 'QemuNbdError';
  }
}
