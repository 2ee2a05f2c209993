import { connect, type Socket } from 'node:net';
import { orAbort } from '../abort.ts';
import { NbdError, protocolError } from './errors.ts';
import { addressText, type NbdAddress } from './uri.ts';

/** Takes what arrives. The bytes are only lent: their memory is used again when it returns. Throws to refuse them. */
export type Sink = (bytes: Buffer) => void;

/** Bytes that one receive may bring. */
const RECEIVE_BYTES = 256 * 1024;

/**
 * A byte stream to a server: what arrives goes to the sink of the moment, the end and every failure to
 * `onEnd`, once. Plain sockets receive into one buffer that is used again and again.
 */
export class Transport {
  #socket: Socket;
  #sink: Sink = () => undefined;
  #onEnd: ((error: NbdError) => void) | undefined;
  #ended: NbdError | undefined;
  readonly where: string;

  private constructor(socket: Socket, where: string) {
    this.#socket = socket;
    this.where = where;
  }

  /** Connects; throws `NbdError` (`nbd_unreachable`) if it cannot, the signal's reason when aborted. */
  static async connect(address: NbdAddress, signal: AbortSignal): Promise<Transport> {
    signal.throwIfAborted();
    const where = addressText(address);
    const buffer = Buffer.allocUnsafe(RECEIVE_BYTES);
    // TLS, where it is used, takes the stream over below this and hands out its own buffers.
    const onread = {
      buffer,
      callback: (length: number): boolean => {
        transport.receive(buffer.subarray(0, length));
        return true;
      },
    };
    const socket = connect({
      ...(address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port }),
      noDelay: true,
      onread,
    });
    const transport = new Transport(socket, where);
    const connected = new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', (error) =>
        reject(
          new NbdError('nbd_unreachable', `cannot connect to the NBD server at ${where}: ${error.message}`, {
            cause: error,
          }),
        ),
      );
    });
    try {
      await orAbort(connected, signal);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    transport.#watch(socket);
    return transport;
  }

  #watch(socket: Socket): void {
    socket.on('error', (error) =>
      this.end(
        new NbdError(
          'nbd_connection_lost',
          `the connection to the NBD server at ${this.where} broke: ${error.message}`,
          {
            cause: error,
          },
        ),
      ),
    );
    socket.on('close', () => this.end(this.#closed()));
    socket.on('end', () => this.end(this.#closed()));
  }

  #closed(): NbdError {
    return new NbdError('nbd_connection_lost', `the NBD server at ${this.where} closed the connection`);
  }

  /** The stream below, to be wrapped; its bytes no longer come here until `replace`. */
  get socket(): Socket {
    return this.#socket;
  }

  /** Goes on over another stream that wraps the first. */
  replace(socket: Socket): void {
    this.#socket = socket;
    this.#watch(socket);
    socket.on('data', (bytes: Buffer) => this.receive(bytes));
  }

  receive(bytes: Buffer): void {
    if (this.#ended) return;
    try {
      this.#sink(bytes);
    } catch (error) {
      this.end(error instanceof NbdError ? error : protocolError(String(error)));
    }
  }

  /** From now on `sink` gets what arrives, and `onEnd` the end, at once if it has come already. */
  use(sink: Sink, onEnd: (error: NbdError) => void): void {
    this.#sink = sink;
    this.#onEnd = onEnd;
    if (this.#ended) onEnd(this.#ended);
  }

  /** Sends both in one go where it can; `onSent` is called when neither's memory is needed any more, also after the end. */
  send(head: Uint8Array, body: Uint8Array | undefined, onSent?: () => void): void {
    const done = onSent ? () => onSent() : undefined;
    if (!body) {
      this.#socket.write(head, done);
      return;
    }
    this.#socket.cork();
    this.#socket.write(head);
    this.#socket.write(body, done);
    this.#socket.uncork();
  }

  /** Nothing is sent after what is queued; what arrives is received still. */
  endWrites(): void {
    if (!this.#ended) this.#socket.end();
  }

  /** Ends it: nothing is received or sent any more. The first reason stands. */
  end(reason: NbdError): void {
    if (this.#ended) return;
    this.#ended = reason;
    this.#socket.destroy();
    this.#onEnd?.(reason);
  }

  /** Ends it once what is queued has been sent; what arrives meanwhile is passed over. */
  finish(reason: NbdError): void {
    if (this.#ended) return;
    this.#ended = reason;
    this.#socket.destroySoon();
  }
}
