import { isIP, type Socket } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { orAbort } from '../abort.ts';
import { DiskUsageError } from '../errors.ts';
import { NbdError } from './errors.ts';
import type { NbdTarget } from './uri.ts';

/** How an NBD server is trusted, and how it knows us. By default the system's authorities vouch for the host's name. */
export interface NbdTls {
  /** PEM text of the authorities to trust instead. */
  readonly ca?: string;
  /** SHA-256 of the server's certificate, 64 hexadecimal digits, colons optional: trusts exactly that one, whatever its name. */
  readonly fingerprint?: string;
  /** PEM texts of our own certificate and its key, where the server wants one. */
  readonly certificate?: string;
  readonly key?: string;
  /** A pre-shared key instead of certificates; its identity is the target's `user` where none is given here. */
  readonly psk?: { readonly identity?: string; readonly key: Uint8Array };
}

/** Node offers pre-shared keys up to TLS 1.2 only (nodejs.org, tls, "Pre-shared keys"). Forward secrecy first. */
const PSK_CIPHERS = [
  'ECDHE-PSK-CHACHA20-POLY1305',
  'DHE-PSK-AES256-GCM-SHA384',
  'DHE-PSK-AES128-GCM-SHA256',
  'ECDHE-PSK-AES128-CBC-SHA256',
  'PSK-AES256-GCM-SHA384',
].join(':');

/**
 * What to check the server by. Throws `DiskUsageError` if that is nothing, or unreadable: without it anybody's
 * certificate would do.
 */
export function tlsSettings(
  target: NbdTarget,
  tls: NbdTls,
): { readonly options: ConnectionOptions; readonly pin?: string } {
  const identity = tls.psk?.identity ?? target.user;
  if (tls.psk) {
    if (identity === undefined) throw new DiskUsageError('TLS with a pre-shared key needs an identity');
    const psk = tls.psk.key;
    return {
      options: {
        minVersion: 'TLSv1.2',
        maxVersion: 'TLSv1.2',
        ciphers: PSK_CIPHERS,
        pskCallback: () => ({ identity, psk }),
        // There is no certificate: who knows the key is the server.
        checkServerIdentity: () => undefined,
      },
    };
  }
  const own = {
    minVersion: 'TLSv1.2',
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.certificate === undefined ? {} : { cert: tls.certificate }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
  } as const;
  const name = target.tlsServerName ?? (target.address.kind === 'tcp' ? target.address.host : undefined);
  const named = name !== undefined && isIP(name) === 0 ? { servername: name } : {};
  if (tls.fingerprint !== undefined) {
    const pin = tls.fingerprint.replaceAll(/[:\s]/g, '').toUpperCase();
    if (!/^[0-9A-F]{64}$/.test(pin))
      throw new DiskUsageError('the fingerprint is no SHA-256 in hexadecimal digits');
    return { options: { ...own, ...named, rejectUnauthorized: false }, pin };
  }
  if (name === undefined)
    throw new DiskUsageError(
      "TLS over a Unix socket needs the name in the server's certificate (tls-hostname) or its fingerprint",
    );
  return { options: { ...own, ...named, host: name } };
}

/**
 * Starts TLS on a connected socket and sees that the server is who it should be, before anything is sent.
 * Throws `NbdError`: `nbd_untrusted`, or `nbd_tls_refused` where the two cannot agree.
 */
export async function startTls(
  socket: Socket,
  { options, pin }: ReturnType<typeof tlsSettings>,
  where: string,
  signal: AbortSignal,
): Promise<TLSSocket> {
  let secured: TLSSocket | undefined;
  const ready = new Promise<TLSSocket>((resolve, reject) => {
    secured = connect({ ...options, socket });
    const wrapped = secured;
    wrapped.once('secureConnect', () => resolve(wrapped));
    wrapped.once('error', (error: NodeJS.ErrnoException) => reject(tlsFailure(error, where)));
    wrapped.once('close', () => reject(tlsFailure(new Error('the server closed the connection'), where)));
  });
  try {
    const wrapped = await orAbort(ready, signal);
    if (pin !== undefined && wrapped.getPeerCertificate().fingerprint256?.replaceAll(':', '') !== pin)
      throw new NbdError(
        'nbd_untrusted',
        `the certificate of the NBD server at ${where} has another fingerprint`,
      );
    return wrapped;
  } catch (error) {
    // An abandoned handshake may still fail, and nobody listens any more.
    secured?.on('error', () => undefined);
    secured?.destroy();
    throw error;
  }
}

/** Failures of checking a certificate have these codes of OpenSSL and Node; all else is a handshake that failed. */
const UNTRUSTED =
  /^(?:ERR_TLS_CERT|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|CRL_)/;

function tlsFailure(error: NodeJS.ErrnoException, where: string): NbdError {
  return UNTRUSTED.test(error.code ?? '')
    ? new NbdError(
        'nbd_untrusted',
        `the certificate of the NBD server at ${where} is not trusted: ${error.message}`,
        {
          cause: error,
        },
      )
    : new NbdError('nbd_tls_refused', `TLS with the NBD server at ${where} failed: ${error.message}`, {
        cause: error,
      });
}
