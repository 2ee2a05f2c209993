import type { Socket } from 'node:net';
import { UnreachableError } from '../errors.ts';
import type { HttpOptions } from './http.ts';
import { trustingConnector } from './tls.ts';

/** As much as TLS gives at once (RFC 8446, 5.1), and some. */
const READ_BYTES = 64 * 1024;

export interface RawSocketOptions extends Pick<HttpOptions, 'trust' | 'timeoutSeconds'> {
  /** What came, in memory that is used again: false asks for no more until the socket is resumed. */
  readonly onBytes: (bytes: Uint8Array) => boolean;
  /** The server has ended the connection well; a failure follows. */
  readonly onEnd?: () => void;
  /** The connection broke, ended or stalled; told as often as the socket does. */
  readonly onFailure: (error: UnreachableError) => void;
}

/**
 * Connects by TLS. The bytes are decrypted into one buffer: what a general client makes of each 16 KiB costs more
 * than TLS.
 * @throws UnreachableError, UntrustedCertificateError, or the signal's reason
 */
export function openRawSocket(url: URL, options: RawSocketOptions, signal: AbortSignal): Promise<Socket> {
  const { trust, timeoutSeconds, onBytes, onEnd, onFailure } = options;
  const { hostname, host, port } = url;
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  const callback = (bytes: number): boolean => onBytes(buffer.subarray(0, bytes));
  const connect = trustingConnector(trust, timeoutSeconds, { buffer, callback });
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const aborted = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', aborted, { once: true });
    const to = {
      protocol: 'https:',
      hostname: hostname.replaceAll(/^\[|\]$/g, ''),
      host,
      port: port === '' ? '443' : port,
    };
    connect(to, (...[error, socket]) => {
      signal.removeEventListener('abort', aborted);
      if (error !== null) {
        const ours = error.name === 'UntrustedCertificateError';
        reject(ours ? error : new UnreachableError(host, error.message, { cause: error }));
        return;
      }
      if (signal.aborted) {
        socket.destroy();
        return;
      }
      const closed = (): void => onFailure(new UnreachableError(host, 'the server closed the connection'));
      socket.setNoDelay(true);
      socket.on('error', (cause) => onFailure(new UnreachableError(host, cause.message, { cause })));
      if (onEnd) socket.on('end', onEnd);
      socket.on('end', closed);
      socket.on('close', closed);
      socket.setTimeout(timeoutSeconds * 1000, () =>
        onFailure(new UnreachableError(host, `no byte for ${timeoutSeconds} seconds`)),
      );
      resolve(socket);
    });
  });
}
