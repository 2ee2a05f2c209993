import type { Socket } from 'node:net';
import { ProtocolError, UnreachableError } from '../errors.ts';
import type { HttpOptions } from './http.ts';
import { plainRange, type Wanted } from './range-head.ts';
import { openRawSocket } from './raw-socket.ts';

/** An answer's head is not believed to be longer. */
const HEAD_BYTES = 16 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');

interface Answering {
  readonly wanted: Wanted;
  readonly into: Uint8Array;
  head: Buffer;
  /** Of the body; null: the head is still coming. */
  filled: number | null;
  last: boolean;
  readonly resolve: (filled: boolean) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One connection that fetches ranges by HTTP/1.1 over TLS, one after the other. The bytes are copied from the socket's
 * one buffer to where they belong.
 */
export class RangeConnection {
  readonly #where: string;
  #socket: Socket | undefined;
  #answering: Answering | undefined;
  #failure: Error | undefined;
  #answered = 0;

  private constructor(where: string) {
    this.#where = where;
  }

  /** @throws UnreachableError, UntrustedCertificateError, or the signal's reason */
  static async open(
    url: URL,
    options: Pick<HttpOptions, 'trust' | 'timeoutSeconds'>,
    signal: AbortSignal,
  ): Promise<RangeConnection> {
    const connection = new RangeConnection(url.host);
    connection.#socket = await openRawSocket(
      url,
      {
        ...options,
        onBytes: (bytes) => {
          connection.#read(bytes);
          return true;
        },
        onFailure: (error) => connection.#fail(error),
      },
      signal,
    );
    return connection;
  }

  /** It can take a request. */
  get usable(): boolean {
    return this.#failure === undefined && this.#answering === undefined;
  }

  /** Answers so far: one that was used may have been closed by the server meanwhile. */
  get answered(): number {
    return this.#answered;
  }

  close(): void {
    this.#fail(new UnreachableError(this.#where, 'the connection was closed'));
  }

  /**
   * Fetches the range into a buffer of its length.
   * @param request the head of the request, without the range and the empty line
   * @returns false when the answer is not a plain one: another client must ask again, and tell what is wrong
   * @throws UnreachableError when the connection breaks or stalls, ProtocolError when more comes than was asked for, or
   *   the signal's reason
   */
  async fetch(request: string, offset: number, into: Uint8Array, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    if (this.#failure) throw this.#failure;
    const wanted = { offset, length: into.length };
    const abort = (): void => this.#fail(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await new Promise<boolean>((resolve, reject) => {
        const head = Buffer.alloc(0);
        this.#answering = { wanted, into, head, filled: null, last: false, resolve, reject };
        this.#socket?.write(`${request}Range: bytes=${offset}-${offset + into.length - 1}\r\n\r\n`, 'latin1');
      });
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#socket?.destroy();
    const answering = this.#answering;
    this.#answering = undefined;
    answering?.reject(error);
  }

  #read(bytes: Uint8Array): void {
    const answering = this.#answering;
    if (!answering) {
      this.#fail(new ProtocolError(`${this.#where}: bytes came that nobody had asked for`));
      return;
    }
    if (answering.filled !== null) {
      this.#fill(answering, bytes);
      return;
    }
    answering.head =
      answering.head.length === 0 ? Buffer.from(bytes) : Buffer.concat([answering.head, bytes]);
    const end = answering.head.indexOf(HEAD_END);
    if (end < 0 && answering.head.length <= HEAD_BYTES) return;
    const plain = end < 0 ? null : plainRange(answering.head.toString('latin1', 0, end), answering.wanted);
    if (plain === null) {
      this.#answering = undefined;
      this.close();
      answering.resolve(false);
      return;
    }
    answering.last = plain === 'last';
    answering.filled = 0;
    this.#fill(answering, answering.head.subarray(end + HEAD_END.length));
  }

  #fill(answering: Answering, bytes: Uint8Array): void {
    const { into } = answering;
    const filled = answering.filled ?? 0;
    if (filled + bytes.length > into.length) {
      this.#fail(new ProtocolError(`${this.#where}: more bytes came than were asked for`));
      return;
    }
    into.set(bytes, filled);
    answering.filled = filled + bytes.length;
    if (answering.filled < into.length) return;
    this.#answering = undefined;
    this.#answered += 1;
    if (answering.last) this.close();
    answering.resolve(true);
  }
}
