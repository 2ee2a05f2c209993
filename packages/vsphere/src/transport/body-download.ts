import type { Socket } from 'node:net';
import { ProtocolError } from '../errors.ts';
import { type Framing, framingOf } from './answer-head.ts';
import { ChunkedBody } from './chunked.ts';
import { type HttpOptions, isTrustFailure } from './http.ts';
import { openRawSocket } from './raw-socket.ts';

/** An answer's head is not believed to be longer. */
const HEAD_BYTES = 16 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');
/** Bytes of a piece: still in the processor's cache when it is taken. */
const PIECE_BYTES = 256 * 1024;
/** While so many pieces wait to be taken, no more is read. */
const MOST_READY = 4;

interface Piece {
  readonly memory: Buffer;
  length: number;
}

/**
 * Downloads a whole body over a connection of its own. A piece's memory is used again once the next piece is asked
 * for. When the body is not taken to its end, its `return` ends the connection at once.
 * @returns null when the server does not answer plainly, or is not trusted: another client must ask, which tells why
 * @throws UnreachableError when the connection breaks or stalls, UntrustedCertificateError when it has not the pinned
 *   certificate, or the signal's reason; so does the body, and ProtocolError when it is damaged
 */
export async function downloadBody(
  url: URL,
  options: HttpOptions,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array> | null> {
  const download = new BodyDownload(url.host, options.timeoutSeconds);
  let socket: Socket;
  try {
    socket = await openRawSocket(
      url,
      {
        ...options,
        onBytes: (bytes) => download.read(bytes),
        onEnd: () => download.connectionEnded(),
        onFailure: (error) => download.fail(error),
      },
      signal,
    );
  } catch (error) {
    if (isTrustFailure((error as Error).cause)) return null;
    throw error;
  }
  if (signal.aborted) socket.destroy();
  signal.throwIfAborted();
  const abort = (): void => download.fail(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  socket.once('close', () => signal.removeEventListener('abort', abort));
  const request = `GET ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\nuser-agent: ${options.userAgent}\r\n\r\n`;
  return (await download.begin(socket, request)) ? download : null;
}

class BodyDownload implements AsyncIterable<Uint8Array> {
  readonly #where: string;
  readonly #timeoutSeconds: number;
  #socket: Socket | undefined;
  #begun: { readonly resolve: (plain: boolean) => void; readonly reject: (error: Error) => void } | undefined;
  /** Null: it has come. */
  #head: Buffer | null = Buffer.alloc(0);
  #framing: Framing = 'close';
  readonly #chunked: ChunkedBody;
  #bytes = 0;
  #filling: Piece | undefined;
  readonly #ready: Piece[] = [];
  #given: Piece | undefined;
  readonly #free: Buffer[] = [];
  #paused = false;
  #over = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(where: string, timeoutSeconds: number) {
    this.#where = where;
    this.#timeoutSeconds = timeoutSeconds;
    this.#chunked = new ChunkedBody(where, (data) => this.#keep(data));
  }

  /** Sends the request. @returns whether the answer is a plain one */
  begin(socket: Socket, request: string): Promise<boolean> {
    this.#socket = socket;
    return new Promise((resolve, reject) => {
      this.#begun = { resolve, reject };
      if (this.#failure) this.fail(this.#failure);
      else socket.write(request, 'latin1');
    });
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.#begun?.reject(this.#failure);
    this.#socket?.destroy();
    this.#tell();
  }

  connectionEnded(): void {
    if (!this.#head && this.#framing === 'close') this.#over = true;
  }

  /** @returns whether more may come */
  read(bytes: Uint8Array): boolean {
    if (this.#over || this.#failure) return false;
    try {
      if (this.#head) this.#readHead(this.#head, bytes);
      else this.#readBody(bytes);
    } catch (error) {
      this.fail(error as Error);
    }
    if (this.#over) this.#socket?.destroy();
    if (this.#ready.length < MOST_READY || this.#over) return true;
    this.#paused = true;
    // It is we who keep the server waiting.
    this.#socket?.setTimeout(0);
    return false;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return {
      next: () => this.#next(),
      return: async () => {
        this.#over = true;
        this.#ready.length = 0;
        this.#filling = undefined;
        this.#socket?.destroy();
        this.#tell();
        return { done: true, value: undefined };
      },
    };
  }

  #readHead(before: Buffer, bytes: Uint8Array): void {
    const head = Buffer.concat([before, bytes]);
    this.#head = head;
    const end = head.indexOf(HEAD_END);
    if (end < 0 && head.length <= HEAD_BYTES) return;
    const framing = end < 0 ? null : framingOf(head.toString('latin1', 0, end));
    this.#begun?.resolve(framing !== null);
    if (framing === null) {
      this.#over = true;
      return;
    }
    this.#head = null;
    this.#framing = framing;
    this.#readBody(head.subarray(end + HEAD_END.length));
  }

  #readBody(bytes: Uint8Array): void {
    if (this.#framing === 'chunked') {
      this.#chunked.add(bytes);
      this.#over = this.#chunked.over;
      return;
    }
    this.#keep(bytes);
    if (this.#framing === 'close') return;
    this.#bytes += bytes.length;
    if (this.#bytes > this.#framing)
      throw new ProtocolError(`${this.#where}: more bytes came than the answer's length of ${this.#framing}`);
    this.#over = this.#bytes === this.#framing;
  }

  #keep(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const piece = (this.#filling ??= {
        memory: this.#free.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES),
        length: 0,
      });
      const part = bytes.subarray(at, at + PIECE_BYTES - piece.length);
      piece.memory.set(part, piece.length);
      piece.length += part.length;
      at += part.length;
      if (piece.length < PIECE_BYTES) continue;
      this.#ready.push(piece);
      this.#filling = undefined;
    }
    this.#tell();
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#given) this.#free.push(this.#given.memory);
    this.#given = undefined;
    for (;;) {
      const piece = this.#ready.shift() ?? this.#filling;
      if (piece === this.#filling) this.#filling = undefined;
      this.#goOn();
      if (piece) {
        this.#given = piece;
        return { done: false, value: piece.memory.subarray(0, piece.length) };
      }
      if (this.#over) return { done: true, value: undefined };
      if (this.#failure) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #goOn(): void {
    if (!this.#paused || this.#ready.length > 0 || this.#failure) return;
    this.#paused = false;
    this.#socket?.setTimeout(this.#timeoutSeconds * 1000);
    this.#socket?.resume();
  }

  /** Who waits goes on when all is read that has come by now: a record of 16 KiB alone is not worth it. */
  #tell(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    if (wake) setImmediate(wake);
  }
}
