/** Base of this package's errors; `code` is stable and meant for programs. */
export class DiskError extends Error {
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DiskError';
    this.code = code;
  }
}

/** The source's bytes are not a whole, sound disk. `position` is a byte position in the stream that was read. */
export class CorruptDiskError extends DiskError {
  readonly position: number;
  readonly reason: string;
  constructor(reason: string, position: number, options?: ErrorOptions) {
    super('disk_corrupt', `the disk is damaged or incomplete at byte ${position}: ${reason}`, options);
    this.name = 'CorruptDiskError';
    this.position = position;
    this.reason = reason;
  }
}

/** A sound disk of a kind that this package does not read. */
export class UnsupportedDiskError extends DiskError {
  constructor(message: string) {
    super('disk_unsupported', message);
    this.name = 'UnsupportedDiskError';
  }
}

/** The source and the target (or what was announced and what came) differ in size. */
export class DiskSizeError extends DiskError {
  constructor(message: string) {
    super('disk_size_mismatch', message);
    this.name = 'DiskSizeError';
  }
}

/** A call outside the disk's bounds, out of order, or after the end: a mistake of the caller. */
export class DiskUsageError extends DiskError {
  constructor(message: string) {
    super('disk_usage', message);
    this.name = 'DiskUsageError';
  }
}
