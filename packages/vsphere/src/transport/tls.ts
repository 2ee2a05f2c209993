import { connect as tlsConnect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { isIP, type OnReadOpts } from 'node:net';
import { buildConnector } from 'undici';
import { type CertificateFacts, UnreachableError, UntrustedCertificateError } from '../errors.ts';

/** How a server is trusted: by default by the system's authorities. */
export interface TlsTrust {
  /** PEM text of the authorities to trust instead. */
  readonly ca?: string;
  /** SHA-256 or SHA-1 of the server's certificate, hex, colons optional: trusts exactly that one. */
  readonly fingerprint?: string;
  /** Trusts anybody. */
  readonly insecure?: boolean;
}

/** Upper case with colons, or null when it is neither SHA-1 nor SHA-256. */
export function normaliseFingerprint(text: string): string | null {
  const hex = text.replaceAll(/[:\s-]/g, '').toUpperCase();
  if (!/^(?:[0-9A-F]{40}|[0-9A-F]{64})$/.test(hex)) return null;
  return hex.match(/../g)?.join(':') ?? null;
}

function facts(certificate: PeerCertificate): CertificateFacts {
  const text = (name: PeerCertificate['subject'] | undefined): string =>
    [name?.CN ?? name?.O ?? ''].flat().join(', ');
  return {
    sha256: certificate.fingerprint256,
    sha1: certificate.fingerprint,
    subject: text(certificate.subject),
    issuer: text(certificate.issuer),
    validTo: certificate.valid_to,
  };
}

/** Shows the certificate of a server without trusting it and without sending anything. */
export function probeCertificate(options: {
  readonly host: string;
  readonly port: number;
  readonly timeoutSeconds: number;
  readonly signal?: AbortSignal;
}): Promise<CertificateFacts> {
  const { host, port, timeoutSeconds, signal } = options;
  const where = `${host}:${port}`;
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({
      host,
      port,
      rejectUnauthorized: false,
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    const end = (work: () => void): void => {
      socket.destroy();
      signal?.removeEventListener('abort', aborted);
      work();
    };
    const aborted = (): void => end(() => reject(signal?.reason as Error));
    signal?.addEventListener('abort', aborted, { once: true });
    socket.setTimeout(timeoutSeconds * 1000, () =>
      end(() => reject(new UnreachableError(where, `no answer in ${timeoutSeconds} seconds`))),
    );
    socket.once('error', (error) =>
      end(() => reject(new UnreachableError(where, error.message, { cause: error }))),
    );
    socket.once('secureConnect', () => {
      const certificate = facts(socket.getPeerCertificate());
      end(() => resolve(certificate));
    });
  });
}

/**
 * A connector for undici that trusts as told.
 * @param onread where the socket's bytes go instead of its stream (net.Socket, `onread`): for a single connection
 */
export function trustingConnector(
  trust: TlsTrust,
  timeoutSeconds: number,
  onread?: OnReadOpts,
): buildConnector.connector {
  const pin = trust.fingerprint === undefined ? null : normaliseFingerprint(trust.fingerprint);
  if (trust.fingerprint !== undefined && pin === null)
    throw new UntrustedCertificateError(
      'the server',
      `"${trust.fingerprint}" is no SHA-1 or SHA-256 fingerprint`,
      null,
    );
  const connect = buildConnector({
    timeout: timeoutSeconds * 1000,
    // A resumed session shows no certificate to compare, and may stem from a server that was refused.
    ...(pin === null ? {} : { maxCachedSessions: 0 }),
    rejectUnauthorized: pin === null && trust.insecure !== true,
    ...(trust.ca === undefined ? {} : { ca: trust.ca }),
    ...(onread ? { onread } : {}),
  });
  if (pin === null) return connect;
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      const certificate = facts((socket as TLSSocket).getPeerCertificate());
      if (certificate.sha256 === pin || certificate.sha1 === pin) return callback(null, socket);
      socket.destroy();
      const where = `${options.hostname}:${options.port}`;
      callback(
        new UntrustedCertificateError(where, `its fingerprint is not the pinned ${pin}`, certificate),
        null,
      );
    });
}

/**
 * The certificate of a server that is trusted as told: seen on a connection which that trust let pass.
 * @throws UntrustedCertificateError, UnreachableError, or the signal's reason
 */
export function trustedCertificate(options: {
  readonly url: URL;
  readonly trust: TlsTrust;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}): Promise<CertificateFacts> {
  const { url, trust, timeoutSeconds, signal } = options;
  // One of its own: nothing is resumed, so that the certificate is shown.
  const connect = trustingConnector(trust, timeoutSeconds);
  const { hostname, port, host } = url;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const aborted = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', aborted, { once: true });
    connect(
      { protocol: 'https:', hostname, host, port: port === '' ? '443' : port },
      (...[error, socket]) => {
        signal.removeEventListener('abort', aborted);
        if (error !== null) {
          const ours = error instanceof UntrustedCertificateError;
          reject(ours ? error : new UnreachableError(host, error.message, { cause: error }));
          return;
        }
        const certificate = facts((socket as TLSSocket).getPeerCertificate());
        socket.destroy();
        resolve(certificate);
      },
    );
  });
}
