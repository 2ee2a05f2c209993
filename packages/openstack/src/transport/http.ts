import type { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { connect as tlsConnect } from 'node:tls';
import { isIP } from 'node:net';
import { Agent, buildConnector, request } from 'undici';
import { OpenStackError, ProtocolError, UnreachableError, UntrustedCertificateError } from '../errors.ts';

/** How https servers are trusted: by default by the system's authorities. */
export interface TlsTrust {
  /** PEM text of the authorities to trust instead. */
  readonly ca?: string;
  /** SHA-256 or SHA-1 of the certificate, hex, colons optional. */
  readonly fingerprint?: string;
  /** Trusts anybody. */
  readonly insecure?: boolean;
}
export interface HttpRequest {
  readonly url: URL;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
  /** How long the head of the answer may take; seconds. */
  readonly headSeconds?: number;
}
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable & { dump(): Promise<void> };
}

/** A request that was sent, and the head of its answer. Neither headers nor bodies: both have secrets. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  /** Null: there was no answer. */
  readonly status: number | null;
  /** Until the head of the answer. */
  readonly milliseconds: number;
  readonly requestId: string | null;
}
export type Observe = (exchange: Exchange) => void;

const TLS_CODES =
  /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH|INVALID_CA)/;
const NEVER_SENT = /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/;
const LIMIT_BYTES = 64 * 1024 * 1024;

function connector(trust: TlsTrust, timeoutSeconds: number): buildConnector.connector {
  const pin = trust.fingerprint?.replaceAll(/[:\s]/g, '').toUpperCase();
  const connect = buildConnector({
    timeout: timeoutSeconds * 1000,
    // A resumed session shows no certificate to compare, and may stem from a server that was refused.
    ...(pin === undefined ? {} : { maxCachedSessions: 0 }),
    rejectUnauthorized: pin === undefined && trust.insecure !== true,
    ...(trust.ca === undefined ? {} : { ca: trust.ca }),
  });
  if (pin === undefined) return connect;
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      if (options.protocol !== 'https:') return callback(null, socket);
      const shown = (socket as TLSSocket).getPeerCertificate();
      const prints: readonly (string | undefined)[] = [shown.fingerprint256, shown.fingerprint];
      if (prints.some((one) => one?.replaceAll(':', '') === pin)) return callback(null, socket);
      socket.destroy();
      const where = `${options.hostname}:${options.port}`;
      const why = 'its fingerprint is not the pinned one';
      callback(new UntrustedCertificateError(where, why, prints[0] ?? null), null);
    });
}

/** The SHA-256 fingerprint that a server shows, without trusting it; null when it cannot be had. */
function shownFingerprint(url: URL, timeoutSeconds: number): Promise<string | null> {
  const host = url.hostname.replaceAll(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = tlsConnect({
      host,
      port: Number(url.port) || 443,
      rejectUnauthorized: false,
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    const end = (result: string | null): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(timeoutSeconds * 1000, () => end(null));
    socket.once('error', () => end(null));
    socket.once('secureConnect', () => end(socket.getPeerCertificate().fingerprint256));
  });
}

interface Source {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** What its maker threw. */
  failure: { readonly error: unknown } | null;
}

function watched(body: AsyncIterable<Uint8Array>): Source {
  async function* chunks(): AsyncGenerator<Uint8Array, void> {
    try {
      yield* body;
    } catch (error) {
      source.failure = { error };
      throw error;
    }
  }
  const source: Source = { chunks: chunks(), failure: null };
  return source;
}

/** HTTP and HTTPS with one trust; keeps connections alive. */
export class HttpClient {
  readonly #agent: Agent;
  readonly #timeoutSeconds: number;
  readonly #userAgent: string;
  readonly #observe: Observe;

  constructor(options: { trust: TlsTrust; timeoutSeconds: number; userAgent: string; observe?: Observe }) {
    this.#observe = options.observe ?? (() => undefined);
    this.#timeoutSeconds = options.timeoutSeconds;
    this.#userAgent = options.userAgent;
    this.#agent = new Agent({
      connect: connector(options.trust, options.timeoutSeconds),
      keepAliveTimeout: 4000,
    });
  }

  /** @throws UnreachableError, UntrustedCertificateError, the signal's reason, or what the body's maker threw */
  async send(wanted: HttpRequest): Promise<HttpAnswer> {
    const { body, url, method, headers, signal } = wanted;
    const seconds = wanted.headSeconds ?? this.#timeoutSeconds;
    const source = body === undefined || typeof body === 'string' ? null : watched(body);
    const began = performance.now();
    const tell = (status: number | null, requestId: string | null): void =>
      this.#observe({
        method,
        url: `${url.origin}${url.pathname}`,
        status,
        milliseconds: performance.now() - began,
        requestId,
      });
    try {
      const answer = await request(url, {
        dispatcher: this.#agent,
        method,
        headers: { 'user-agent': this.#userAgent, ...headers },
        signal,
        headersTimeout: seconds * 1000,
        bodyTimeout: seconds * 1000,
        ...(body === undefined ? {} : { body: (source?.chunks ?? body) as string | Readable }),
      });
      tell(answer.statusCode, [answer.headers['x-openstack-request-id']].flat()[0] ?? null);
      return { status: answer.statusCode, headers: answer.headers, body: answer.body };
    } catch (error) {
      tell(null, null);
      signal.throwIfAborted();
      // Not the connection's fault.
      if (source?.failure) throw source.failure.error;
      throw await this.#explain(error, url);
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  async #explain(failure: unknown, url: URL): Promise<Error> {
    if (failure instanceof OpenStackError) return failure;
    const cause = failure as Error & { code?: string };
    const code = cause.code ?? '';
    if (code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH')
      return new ProtocolError(`${url.pathname}: the body is longer or shorter than was said`, { cause });
    if (TLS_CODES.test(code)) {
      const shown = await shownFingerprint(url, this.#timeoutSeconds);
      return new UntrustedCertificateError(url.host, cause.message, shown, { cause });
    }
    const why = cause.message === '' ? code || 'connection failed' : cause.message;
    return new UnreachableError(url.host, why, NEVER_SENT.test(code), { cause });
  }
}

/** Ends an answer whose rest nobody wants, and its connection. */
export function discard(answer: HttpAnswer): void {
  // A body that is destroyed early tells so by an error, which nobody would hear.
  answer.body.on('error', () => undefined);
  answer.body.destroy();
}

/** The whole body as text, bounded. */
export async function readText(answer: HttpAnswer, where: string, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > LIMIT_BYTES)
        throw new ProtocolError(`${where}: the answer is longer than ${LIMIT_BYTES} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof OpenStackError) throw error;
    signal.throwIfAborted();
    throw new UnreachableError(where, (error as Error).message, false, { cause: error });
  }
  return Buffer.concat(chunks).toString('utf8');
}
