import { GutsError } from '@guts/core';
import { CorruptDiskError, DiskError, NbdError, NbdkitError } from '@guts/disk';
import {
  FileRequestError,
  HttpStatusError,
  isFault,
  LoginError,
  ObjectGoneError,
  ProtocolError,
  SessionLostError,
  UnreachableError,
  UntrustedCertificateError,
  VSphereFaultError,
} from '@guts/vsphere';

const POWER_FAULTS = ['InvalidPowerState', 'ToolsUnavailable'];
/** Of the vSphere Web Services API reference: another task has the machine, or its host does not answer vCenter. */
const PASSING_FAULTS: ReadonlySet<string> = new Set([
  'HostCommunication',
  'HostNotConnected',
  'HostNotReachable',
  'ResourceInUse',
  'TaskInProgress',
  'Timedout',
]);

/** Objects that come and go beside the instance: that one is gone says nothing about the instance. */
const PASSING_OBJECTS: ReadonlySet<string | undefined> = new Set([
  'HttpNfcLease',
  'PropertyCollector',
  'Task',
]);

function gone(error: ObjectGoneError): GutsError {
  if (!PASSING_OBJECTS.has(error.object?.type))
    return new GutsError('not_found', 'the instance is not there any more', { cause: error });
  return new GutsError('source_fault', error.message, {
    cause: error,
    transient: true,
    remedy: 'The source has forgotten what was under way, as after a restart. It can be done again.',
  });
}

/** vCenter answers 503 when it starts, and when it has as many sessions as it allows. */
function noSoap(error: HttpStatusError): GutsError {
  if (error.status === 503)
    return new GutsError('source_unreachable', error.message, {
      cause: error,
      transient: true,
      remedy:
        'It starts, or has as many sessions as it allows: end sessions that nobody uses (vCenter: Administration, Deployment, sessions), or let fewer workers and other clients connect.',
    });
  return new GutsError('source_fault', error.message, {
    cause: error,
    transient: error.status === 429 || error.status === 502 || error.status === 504,
    remedy: 'Check that the address is that of a vCenter or ESXi, and what any proxy before it does.',
  });
}

/** What the vSphere client throws, in the words and codes of GUTS. */
export function toGutsError(error: unknown): unknown {
  if (error instanceof GutsError) return error;
  if (error instanceof UntrustedCertificateError) {
    const { certificate } = error;
    return new GutsError('source_untrusted', error.message, {
      cause: error,
      remedy:
        'Compare the fingerprint with the one the administrator of that host gives, then pin it (fingerprint), or name the authority that signed it (ca).',
      ...(certificate ? { details: { sha256: certificate.sha256, sha1: certificate.sha1 } } : {}),
    });
  }
  if (error instanceof UnreachableError)
    return new GutsError('source_unreachable', error.message, {
      cause: error,
      transient: true,
      remedy: 'Check the address, the firewall (port 443) and that the server is up.',
    });
  if (error instanceof LoginError)
    return new GutsError('source_login', 'the source refuses the user name or the password', {
      cause: error,
      remedy: 'Check both; vCenter users are written user@domain.',
    });
  if (isFault(error, 'NoPermission'))
    return new GutsError('source_fault', error.message, {
      cause: error,
      remedy: 'Give the user the privileges that the documentation lists.',
    });
  if (error instanceof ObjectGoneError) return gone(error);
  if (error instanceof SessionLostError)
    return new GutsError('source_unreachable', error.message, {
      cause: error,
      transient: true,
      remedy: 'If it happens again, look at who ends sessions of this user in vCenter.',
    });
  if (isFault(error, ...POWER_FAULTS)) return new GutsError('source_power', error.message, { cause: error });
  if (error instanceof VSphereFaultError)
    return new GutsError('source_fault', error.message, {
      cause: error,
      transient: PASSING_FAULTS.has(error.faultName),
    });
  if (error instanceof HttpStatusError) return noSoap(error);
  // An ESXi host answers 500 for the file of a disk that somebody still holds open.
  if (error instanceof FileRequestError)
    return new GutsError('disk_transport', error.message, { cause: error, transient: error.status >= 500 });
  if (error instanceof CorruptDiskError)
    return new GutsError('disk_corrupt', error.message, { cause: error });
  if (error instanceof NbdkitError || error instanceof NbdError)
    return new GutsError('disk_transport', error.message, {
      cause: error,
      transient: error.retryable,
      remedy:
        'Look at what nbdkit and its library said; if it happens again, use another transport (--transport datastore or lease).',
    });
  if (error instanceof DiskError) return new GutsError('disk_transport', error.message, { cause: error });
  if (error instanceof ProtocolError) return new GutsError('source_fault', error.message, { cause: error });
  return error;
}

/** Runs it; what it throws is told in the words of GUTS. */
export async function inWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toGutsError(error);
  }
}
