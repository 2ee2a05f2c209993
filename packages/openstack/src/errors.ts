/** Base of everything this package throws on purpose. */
export class OpenStackError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** clouds.yaml or the environment say too little, or something that cannot be. */
export class CloudConfigError extends OpenStackError {
  constructor(message: string, options?: ErrorOptions) {
    super('cloud_config', message, options);
  }
}

/** Nobody answers there, or the connection broke. */
export class UnreachableError extends OpenStackError {
  /** Nothing of the request can have arrived. */
  readonly neverSent: boolean;

  constructor(where: string, why: string, neverSent: boolean, options?: ErrorOptions) {
    super('unreachable', `${where} cannot be reached: ${why}`, options);
    this.neverSent = neverSent;
  }
}

/** The certificate is not trusted. */
export class UntrustedCertificateError extends OpenStackError {
  /** SHA-256 of what the server showed, with colons; null when it could not be read. */
  readonly sha256: string | null;

  constructor(where: string, why: string, sha256: string | null, options?: ErrorOptions) {
    const shown = sha256 === null ? '' : ` Its SHA-256 fingerprint is ${sha256}.`;
    super('untrusted_certificate', `the certificate of ${where} is not trusted: ${why}.${shown}`, options);
    this.sha256 = sha256;
  }
}

/** The server answered something that is not the protocol. */
export class ProtocolError extends OpenStackError {
  constructor(message: string, options?: ErrorOptions) {
    super('protocol', message, options);
  }
}

/** A wait came to its deadline, or to a state from which nothing comes back. */
export class WaitError extends OpenStackError {
  constructor(message: string) {
    super('wait', message);
  }
}

const CODES: Readonly<Record<number, string>> = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  413: 'over_limit',
  429: 'too_many_requests',
};

/** An answer with an error status. `code` says it in a word: `not_found`, `forbidden`, …, else `api`. */
export class ApiError extends OpenStackError {
  readonly status: number;
  readonly service: string;
  /** The service's own name of the fault, such as `OverQuota` or `itemNotFound`. */
  readonly faultName: string;
  readonly detail: string;
  readonly requestId: string | null;
  /** Seconds, when the server said so. */
  readonly retryAfter: number | null;

  constructor(facts: {
    readonly status: number;
    readonly service: string;
    readonly method: string;
    readonly path: string;
    readonly faultName: string;
    readonly detail: string;
    readonly requestId: string | null;
    readonly retryAfter: number | null;
  }) {
    const id = facts.requestId === null ? '' : ` (${facts.requestId})`;
    super(
      CODES[facts.status] ?? 'api',
      `${facts.service}: ${facts.method} ${facts.path}: ${facts.status} ${facts.detail}${id}`,
    );
    this.status = facts.status;
    this.service = facts.service;
    this.faultName = facts.faultName;
    this.detail = facts.detail;
    this.requestId = facts.requestId;
    this.retryAfter = facts.retryAfter;
  }
}

/** How somebody logs in. */
export type LoginMethod = 'password' | 'application_credential' | 'token';

/** Wrong user, password, application credential or project. */
export class LoginError extends OpenStackError {
  readonly method: LoginMethod;
  /** True: the login as such is good, but not for the project that is asked for. */
  readonly otherProject: boolean;

  constructor(
    message: string,
    facts: { readonly method: LoginMethod; readonly otherProject?: boolean },
    options?: ErrorOptions,
  ) {
    super('login', message, options);
    this.method = facts.method;
    this.otherProject = facts.otherProject ?? false;
  }
}

export function isStatus(error: unknown, ...statuses: number[]): error is ApiError {
  return error instanceof ApiError && statuses.includes(error.status);
}

/** A quota is used up: 413 of Cinder, 403 of Nova, 409 of Neutron, 413 of Glance. */
export function isOverQuota(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    (error.status === 413 || /quota|exceeds? allowed/i.test(`${error.faultName} ${error.detail}`))
  );
}
