/**
 * One catalogue of error codes. A code is part of the API: never reused, never renamed. `status` is the HTTP
 * status guts-api answers with, `exit` the command line's exit code, `retryable` whether the same step may
 * succeed when tried again without anybody changing anything.
 */
export const ERROR_CODES = {
  bad_request: { status: 400, exit: 2, retryable: false },
  unauthorized: { status: 401, exit: 4, retryable: false },
  forbidden: { status: 403, exit: 4, retryable: false },
  version_unsupported: { status: 406, exit: 2, retryable: false },
  not_found: { status: 404, exit: 3, retryable: false },
  ambiguous: { status: 409, exit: 3, retryable: false },
  conflict: { status: 409, exit: 5, retryable: false },
  lease_lost: { status: 409, exit: 5, retryable: true },
  idempotency_mismatch: { status: 422, exit: 5, retryable: false },
  rate_limited: { status: 429, exit: 11, retryable: true },
  too_large: { status: 413, exit: 2, retryable: false },
  preflight_blocked: { status: 409, exit: 6, retryable: false },
  source_unreachable: { status: 502, exit: 7, retryable: true },
  source_untrusted: { status: 502, exit: 7, retryable: false },
  source_login: { status: 502, exit: 7, retryable: false },
  source_fault: { status: 502, exit: 7, retryable: true },
  source_power: { status: 502, exit: 7, retryable: false },
  destination_unreachable: { status: 502, exit: 8, retryable: true },
  destination_untrusted: { status: 502, exit: 8, retryable: false },
  destination_login: { status: 502, exit: 8, retryable: false },
  destination_refused: { status: 502, exit: 8, retryable: false },
  destination_quota: { status: 502, exit: 8, retryable: false },
  destination_fault: { status: 502, exit: 8, retryable: true },
  disk_corrupt: { status: 502, exit: 9, retryable: true },
  disk_mismatch: { status: 502, exit: 9, retryable: true },
  disk_transport: { status: 502, exit: 9, retryable: true },
  boot_not_proven: { status: 502, exit: 10, retryable: true },
  unsupported: { status: 501, exit: 2, retryable: false },
  cancelled: { status: 409, exit: 5, retryable: false },
  cancel_requested: { status: 409, exit: 5, retryable: false },
  configuration: { status: 500, exit: 2, retryable: false },
  fault_injected: { status: 500, exit: 1, retryable: false },
  database_unavailable: { status: 503, exit: 11, retryable: true },
  identity_unavailable: { status: 503, exit: 11, retryable: true },
  bus_unavailable: { status: 503, exit: 11, retryable: true },
  internal: { status: 500, exit: 1, retryable: false },
} as const;
export type ErrorCode = keyof typeof ERROR_CODES;

export interface GutsErrorOptions {
  readonly cause?: unknown;
  /** What the person should do about it; a full sentence. */
  readonly remedy?: string;
  /** The request field at fault, as a JSON pointer or dotted path. */
  readonly field?: string;
  /** Facts for machines; never secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** The same may succeed within a minute: a connection broke, or the far side is away or busy. */
  readonly transient?: boolean;
}

/** An error that people see: its message says what is wrong, its remedy what to do. */
export class GutsError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string | undefined;
  readonly field: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly transient: boolean;

  constructor(code: ErrorCode, message: string, options: GutsErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GutsError';
    this.code = code;
    this.remedy = options.remedy;
    this.field = options.field;
    this.details = options.details;
    this.transient = options.transient ?? false;
  }
}

/** An error as stored in the journal and shown by the API. */
export interface StoredError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  /** Messages of the causes, outermost first. */
  readonly causes?: readonly string[];
}

/** Turns anything thrown into what the journal stores. Unknown errors keep their message under `internal`. */
export function toStoredError(error: unknown): StoredError {
  const causes = causesOf(error);
  const chain = causes.length > 0 ? { causes } : {};
  if (error instanceof GutsError) {
    return {
      code: error.code,
      message: error.message,
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
      ...(error.details === undefined ? {} : { details: error.details }),
      ...chain,
    };
  }
  return { code: 'internal', message: messageOf(error), ...chain };
}

function causesOf(error: unknown): string[] {
  const found: string[] = [];
  let current = error instanceof Error ? error.cause : undefined;
  while (current !== undefined && found.length < 8) {
    found.push(messageOf(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return found;
}

/** The message of anything thrown. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  return typeof thrown === 'string' ? thrown : (JSON.stringify(thrown) ?? 'unknown');
}
