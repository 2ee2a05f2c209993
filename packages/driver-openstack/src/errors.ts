import { GutsError, messageOf } from '@guts/core';
import { DiskError } from '@guts/disk';
import {
  ApiError,
  CloudConfigError,
  isOverQuota,
  LoginError,
  type LoginMethod,
  OpenStackError,
  UnreachableError,
  UntrustedCertificateError,
} from '@guts/openstack';

const OTHER_PROJECT: Readonly<Record<LoginMethod, string>> = {
  password: 'Give this user a role in that project, or leave the target project out.',
  token:
    'Log in with a password: many clouds do not let a token be used for another project (allow_rescope_scoped_token).',
  application_credential:
    'Leave the target project out, use an application credential that was made in it, or log in with a password.',
};

/** What the OpenStack client throws, in the words and codes of GUTS. */
export function toGutsError(error: unknown): unknown {
  if (error instanceof GutsError) return error;
  if (error instanceof UntrustedCertificateError)
    return new GutsError('destination_untrusted', error.message, {
      cause: error,
      remedy: 'Name the authority that signed it (ca), or pin its fingerprint after comparing it.',
      ...(error.sha256 === null ? {} : { details: { sha256: error.sha256 } }),
    });
  if (error instanceof UnreachableError)
    return new GutsError('destination_unreachable', error.message, {
      cause: error,
      transient: true,
      remedy: 'Check auth_url, the endpoint interface (public, internal) and the firewall.',
    });
  if (error instanceof LoginError)
    return new GutsError('destination_login', error.message, {
      cause: error,
      remedy: error.otherProject
        ? OTHER_PROJECT[error.method]
        : 'Check the user, the password, the domains and the project.',
    });
  if (error instanceof CloudConfigError) return new GutsError('bad_request', error.message, { cause: error });
  if (isOverQuota(error))
    return new GutsError('destination_quota', messageOf(error), {
      cause: error,
      remedy: 'Raise the quota of the target project, or free some of it.',
    });
  if (error instanceof ApiError) return apiError(error);
  if (error instanceof OpenStackError)
    return new GutsError('destination_fault', error.message, { cause: error });
  if (error instanceof DiskError) return new GutsError('disk_transport', error.message, { cause: error });
  return error;
}

function apiError(error: ApiError): GutsError {
  const details = { status: error.status, fault: error.faultName, request_id: error.requestId };
  if (error.status === 401)
    return new GutsError('destination_login', error.message, { cause: error, details });
  if (error.status === 403)
    return new GutsError('destination_refused', error.message, {
      cause: error,
      details,
      remedy: 'The policy of the cloud forbids it to this user in this project.',
    });
  if (error.status >= 400 && error.status < 500) {
    const transient = error.status === 429;
    return new GutsError('destination_refused', error.message, { cause: error, details, transient });
  }
  return new GutsError('destination_fault', error.message, { cause: error, details, transient: true });
}

/** Runs it; what it throws is told in the words of GUTS. */
export async function inWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toGutsError(error);
  }
}
