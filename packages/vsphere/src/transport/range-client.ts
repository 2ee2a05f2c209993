import { UnreachableError } from '../errors.ts';
import type { HttpOptions } from './http.ts';
import { RangeConnection } from './range-connection.ts';

/** Servers close connections that idle longer, some after 5 s. */
const IDLE_MS = 3000;

interface Idle {
  readonly connection: RangeConnection;
  readonly timer: NodeJS.Timeout;
}

/** Fetches ranges of files of one server; keeps connections for the next ones. */
export class RangeClient {
  readonly #options: HttpOptions;
  readonly #idle: Idle[] = [];
  readonly #busy = new Set<RangeConnection>();
  #closed = false;

  constructor(options: HttpOptions) {
    this.#options = options;
  }

  /**
   * Fills the buffer from an offset of a file.
   * @param headers such as the cookie; without line ends
   * @returns false when the server does not answer plainly: ask by another client, which tells why
   * @throws UnreachableError, UntrustedCertificateError, ProtocolError, or the signal's reason
   */
  async fetch(
    url: URL,
    headers: Readonly<Record<string, string>>,
    offset: number,
    into: Uint8Array,
    signal: AbortSignal,
  ): Promise<boolean> {
    const lines = Object.entries({ host: url.host, 'user-agent': this.#options.userAgent, ...headers })
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('');
    const request = `GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines}`;
    for (;;) {
      const connection = this.#take() ?? (await RangeConnection.open(url, this.#options, signal));
      const wasUsed = connection.answered > 0;
      this.#busy.add(connection);
      try {
        return await connection.fetch(request, offset, into, signal);
      } catch (error) {
        // The server may have closed it since: what was asked on a connection of before is asked again on another.
        if (!wasUsed || !(error instanceof UnreachableError) || signal.aborted || this.#closed) throw error;
      } finally {
        this.#busy.delete(connection);
        this.#give(connection);
      }
    }
  }

  close(): void {
    this.#closed = true;
    for (const { connection, timer } of this.#idle.splice(0)) {
      clearTimeout(timer);
      connection.close();
    }
    for (const connection of this.#busy) connection.close();
  }

  #take(): RangeConnection | undefined {
    for (let last = this.#idle.pop(); last; last = this.#idle.pop()) {
      clearTimeout(last.timer);
      if (last.connection.usable) return last.connection;
    }
    return undefined;
  }

  #give(connection: RangeConnection): void {
    if (!connection.usable) return;
    if (this.#closed) {
      connection.close();
      return;
    }
    const timer = setTimeout(() => {
      this.#idle.splice(
        this.#idle.findIndex((one) => one.connection === connection),
        1,
      );
      connection.close();
    }, IDLE_MS);
    timer.unref();
    this.#idle.push({ connection, timer });
  }
}
