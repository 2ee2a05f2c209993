import type { ManagedRef } from './xml/element.ts';

/** Base of everything this package throws on purpose. */
export class VSphereError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Nobody answers there, or the connection broke. */
export class UnreachableError extends VSphereError {
  constructor(where: string, why: string, options?: ErrorOptions) {
    super('unreachable', `${where} cannot be reached: ${why}`, options);
  }
}

/** What a server showed of itself. */
export interface CertificateFacts {
  /** With colons, upper case. */
  readonly sha256: string;
  readonly sha1: string;
  readonly subject: string;
  readonly issuer: string;
  readonly validTo: string;
}

/** The server's certificate is not trusted; the fingerprint is what a person may pin after checking it. */
export class UntrustedCertificateError extends VSphereError {
  readonly certificate: CertificateFacts | null;

  constructor(where: string, why: string, certificate: CertificateFacts | null, options?: ErrorOptions) {
    const shown = certificate
      ? ` It is "${certificate.subject}" with SHA-256 fingerprint ${certificate.sha256}.`
      : '';
    super('untrusted_certificate', `the certificate of ${where} is not trusted: ${why}.${shown}`, options);
    this.certificate = certificate;
  }
}

/** The server answered something that is not the protocol. */
export class ProtocolError extends VSphereError {
  constructor(message: string, options?: ErrorOptions) {
    super('protocol', message, options);
  }
}

/** A fault of the vSphere API. */
export class VSphereFaultError extends VSphereError {
  /** The fault's type, such as `InvalidPowerState`. */
  readonly faultName: string;
  readonly method: string;

  constructor(faultName: string, message: string, method: string) {
    super('fault', `${method}: ${message} (${faultName})`);
    this.faultName = faultName;
    this.method = method;
  }
}

/** User name or password are wrong. */
export class LoginError extends VSphereFaultError {}

/** `ManagedObjectNotFound`: an object of the server is not there (any more). */
export class ObjectGoneError extends VSphereFaultError {
  /** Null: the server did not say which (vSphere API, ManagedObjectNotFound.obj). */
  readonly object: ManagedRef | null;

  constructor(object: ManagedRef | null, message: string, method: string) {
    super('ManagedObjectNotFound', message, method);
    this.object = object;
  }
}

/** The login ended, and with it what the server kept for it: collectors, views, leases. There is a new login. */
export class SessionLostError extends VSphereError {
  constructor(what: string, options?: ErrorOptions) {
    super('session_lost', `the session was lost during ${what}`, options);
  }
}

/** The server, or a proxy before it, answered a call with an HTTP status instead of SOAP. */
export class HttpStatusError extends VSphereError {
  readonly status: number;

  /** @param said the beginning of what it answered; '' for nothing */
  constructor(status: number, method: string, said: string) {
    const words = said === '' ? '' : `: ${said}`;
    super('http_status', `${method}: the server answered with HTTP status ${status}${words}`);
    this.status = status;
  }
}

/** An HTTP request for a file was answered with an error. */
export class FileRequestError extends VSphereError {
  readonly status: number;

  constructor(status: number, message: string) {
    super('file_request', message);
    this.status = status;
  }
}

/** Makes the right class of fault. @param object which the fault is about, where it says so */
export function faultError(
  faultName: string,
  message: string,
  method: string,
  object: ManagedRef | null = null,
): VSphereFaultError {
  if (faultName === 'InvalidLogin') return new LoginError(faultName, message, method);
  if (faultName === 'ManagedObjectNotFound') return new ObjectGoneError(object, message, method);
  return new VSphereFaultError(faultName, message, method);
}

export function isFault(error: unknown, ...names: string[]): error is VSphereFaultError {
  return error instanceof VSphereFaultError && names.includes(error.faultName);
}
