import { Agent, type Dispatcher, request } from 'undici';
import {
  type CertificateFacts,
  UnreachableError,
  UntrustedCertificateError,
  VSphereError,
} from '../errors.ts';
import { probeCertificate, type TlsTrust, trustingConnector } from './tls.ts';

export interface HttpOptions {
  readonly trust: TlsTrust;
  /** For connecting, and between bytes; seconds. */
  readonly timeoutSeconds: number;
  readonly userAgent: string;
}
export interface HttpRequest {
  readonly url: URL;
  readonly method?: 'GET' | 'HEAD' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** How long the answer's head may take, where that is more than the usual; seconds. */
  readonly headSeconds?: number;
}
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: AsyncIterable<Uint8Array> & { dump(): Promise<void> };
}

/** Codes with which Node says that a certificate is not to be trusted. */
const TLS_CODES =
  /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH|INVALID_CA)/;

/** Whether Node's error says that a certificate is not to be trusted. */
export function isTrustFailure(error: unknown): boolean {
  return TLS_CODES.test((error as { code?: string } | undefined)?.code ?? '');
}

/** HTTPS with one trust; keeps connections alive. */
export class HttpClient {
  readonly #agent: Agent;
  readonly #options: HttpOptions;

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#agent = new Agent({
      connect: trustingConnector(options.trust, options.timeoutSeconds),
      keepAliveTimeout: 10_000,
    });
  }

  /** @throws UnreachableError, UntrustedCertificateError, or the signal's reason */
  async request(wanted: HttpRequest): Promise<HttpAnswer> {
    const { timeoutSeconds, userAgent } = this.#options;
    const head = (wanted.headSeconds ?? timeoutSeconds) * 1000;
    try {
      const answer: Dispatcher.ResponseData = await request(wanted.url, {
        dispatcher: this.#agent,
        method: wanted.method ?? 'GET',
        headers: { 'user-agent': userAgent, ...wanted.headers },
        signal: wanted.signal,
        headersTimeout: head,
        bodyTimeout: Math.max(head, timeoutSeconds * 1000),
        ...(wanted.body === undefined ? {} : { body: wanted.body }),
      });
      return {
        status: answer.statusCode,
        headers: answer.headers,
        body: Object.assign(guarded(answer.body, wanted), { dump: () => answer.body.dump() }),
      };
    } catch (error) {
      wanted.signal.throwIfAborted();
      throw await this.#explain(error, wanted);
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  async #explain(failure: unknown, { url, signal }: HttpRequest): Promise<Error> {
    if (failure instanceof VSphereError) return failure;
    const cause = failure as Error & { code?: string };
    if (!isTrustFailure(cause)) return unreachable(url, cause);
    const port = Number(url.port) || 443;
    const { timeoutSeconds } = this.#options;
    const host = url.hostname.replaceAll(/^\[|\]$/g, '');
    const shown = await showCertificate(host, port, timeoutSeconds, signal);
    return new UntrustedCertificateError(`${host}:${port}`, cause.message, shown, { cause });
  }
}

async function showCertificate(
  host: string,
  port: number,
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<CertificateFacts | null> {
  try {
    return await probeCertificate({ host, port, timeoutSeconds, signal });
  } catch {
    return null; // the refusal is told all the same, without the fingerprint
  }
}

function unreachable(url: URL, cause: Error & { code?: string }): UnreachableError {
  const why = cause.message === '' ? (cause.code ?? 'connection failed') : cause.message;
  return new UnreachableError(url.host, why, { cause });
}

/** The body, whose breaking off is an error of ours. */
async function* guarded(
  body: AsyncIterable<Uint8Array>,
  { url, signal }: HttpRequest,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* body;
  } catch (error) {
    signal.throwIfAborted();
    throw unreachable(url, error as Error);
  }
}
