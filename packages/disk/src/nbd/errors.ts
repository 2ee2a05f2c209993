import { DiskError } from '../errors.ts';

/**
 * What can go wrong between us and an NBD server; true where trying the same again, on a new connection if this
 * one is gone, may succeed.
 */
const NBD_CODES = {
  /** The address is no NBD URI, or asks for what is never done. */
  nbd_uri: false,
  /** No connection came about. */
  nbd_unreachable: true,
  /** The connection broke; whether a write under way was done is not known. */
  nbd_connection_lost: true,
  /** The server said nothing for too long. */
  nbd_stalled: true,
  /** The server broke the protocol. */
  nbd_protocol: false,
  nbd_too_old: false,
  nbd_export_unknown: false,
  /** After reconnecting the export is not what it was. */
  nbd_export_changed: false,
  nbd_read_only: false,
  nbd_tls_required: false,
  nbd_tls_refused: false,
  nbd_untrusted: false,
  /** The server's policy forbids it. */
  nbd_policy: false,
  /** The server refused an option for another reason. */
  nbd_refused: false,
  nbd_shutdown: true,
  /** A connection broke over writes that no flush had covered: they may be gone. */
  nbd_writes_lost: false,
  nbd_io: true,
  nbd_no_memory: true,
  nbd_no_space: false,
  nbd_not_permitted: false,
  nbd_invalid: false,
  nbd_too_large: false,
  nbd_unsupported: false,
} as const;
export type NbdErrorCode = keyof typeof NBD_CODES;

/** Any failure of an NBD server or of the way to it. */
export class NbdError extends DiskError {
  declare readonly code: NbdErrorCode;
  /** Whether the same request may succeed when it is made again. */
  readonly retryable: boolean;
  constructor(code: NbdErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.name = 'NbdError';
    this.retryable = NBD_CODES[code];
  }
}

/** "Error values": number → the protocol's name for it, and ours. */
const SERVER_ERRORS: Readonly<Record<number, readonly [name: string, code: NbdErrorCode]>> = {
  1: ['EPERM', 'nbd_not_permitted'],
  5: ['EIO', 'nbd_io'],
  12: ['ENOMEM', 'nbd_no_memory'],
  22: ['EINVAL', 'nbd_invalid'],
  28: ['ENOSPC', 'nbd_no_space'],
  75: ['EOVERFLOW', 'nbd_too_large'],
  95: ['ENOTSUP', 'nbd_unsupported'],
  108: ['ESHUTDOWN', 'nbd_shutdown'],
};
/** "The client SHOULD treat an unexpected error value as if it had been NBD_EINVAL." */
const UNEXPECTED = ['EINVAL', 'nbd_invalid'] as const;

/** The server answered a request with an error. */
export class NbdServerError extends NbdError {
  /** The protocol's name, such as `EIO`. */
  readonly errno: string;
  /**
   * @param what the request in words
   * @param error the number of section "Error values"
   * @param said the server's own words, if any
   */
  constructor(what: string, error: number, said = '') {
    const [errno, code] = SERVER_ERRORS[error] ?? UNEXPECTED;
    super(code, `the NBD server failed to ${what}: ${errno}${said === '' ? '' : ` (${said})`}`);
    this.name = 'NbdServerError';
    this.errno = errno;
  }
}

/** The server sent what the protocol does not allow: nothing that it sends after it can be understood. */
export function protocolError(what: string): NbdError {
  return new NbdError('nbd_protocol', `the NBD server breaks the protocol: ${what}`);
}

const WORDS_LIMIT = 300;

/** A server's words as they may stand in a message: one line of printable characters, at most 300. */
export function printable(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, 4 * WORDS_LIMIT))
    .toString('utf8')
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim();
  return text.length > WORDS_LIMIT ? `${text.slice(0, WORDS_LIMIT)}…` : text;
}
