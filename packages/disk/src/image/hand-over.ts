import { createHash, type Hash } from 'node:crypto';
import { orAbort } from '../abort.ts';
import { DiskError } from '../errors.ts';

/** What was handed over, once all of it was. */
export interface SentStream {
  readonly bytesSent: number;
  /** SHA-512 of the sent bytes, hexadecimal: Glance's `os_hash_value` where its algorithm is sha512. */
  readonly sha512: string;
}

type Next = IteratorResult<Uint8Array, undefined>;
interface Waiting {
  readonly resolve: (next: Next) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A producer hands pieces to one consumer, one at a time: `push` resolves when the consumer has come back for
 * more. Nothing is stored but the piece in hand. The digest is made of exactly the memory the consumer gets.
 */
export class HandOver implements AsyncIterable<Uint8Array> {
  readonly done: Promise<SentStream>;
  readonly #hash: Hash = createHash('sha512');
  #bytesSent = 0;
  #iterated = false;
  #piece: Uint8Array | undefined;
  #inHand = false;
  #consumer: Waiting | undefined;
  #producer: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;
  #over: { readonly error?: unknown } | undefined;
  #ended = false;
  #settle:
    { readonly resolve: (sent: SentStream) => void; readonly reject: (error: unknown) => void } | undefined;

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever does not ask for the outcome learns of a failure from `push` or from the body.
    this.done.catch(() => undefined);
  }

  /** Hands over `bytes`, which nobody may change afterwards. An abort leaves the stream broken, never shortened. */
  async push(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    if (bytes.length === 0) return;
    await this.#offer(() => {
      this.#piece = bytes;
      this.#deliver();
    }, signal);
  }

  /** Ends the stream well; resolves when the consumer has seen the end. */
  async end(signal: AbortSignal): Promise<void> {
    await this.#offer(() => {
      this.#ended = true;
      this.#deliver();
    }, signal);
  }

  /** Breaks the stream, unless it has ended: the consumer's next pull throws `error`. */
  fail(error: unknown): void {
    if (this.#over) return;
    this.#over = { error };
    this.#settle?.reject(error);
    this.#producer?.reject(error);
    this.#producer = undefined;
    this.#consumer?.reject(error);
    this.#consumer = undefined;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    if (this.#iterated) throw new DiskError('disk_usage', 'an image stream can be sent only once');
    this.#iterated = true;
    return {
      next: () => this.#pull(),
      return: async () => {
        this.fail(new DiskError('disk_upload_ended', 'the receiver stopped before the end of the image'));
        return { done: true, value: undefined };
      },
    };
  }

  async #offer(start: () => void, signal: AbortSignal): Promise<void> {
    this.#throwIfOver();
    if (signal.aborted) this.fail(signal.reason);
    signal.throwIfAborted();
    if (this.#producer) throw new DiskError('disk_usage', 'an image stream takes one write at a time');
    const taken = new Promise<void>((resolve, reject) => {
      this.#producer = { resolve, reject };
    });
    start();
    try {
      await orAbort(taken, signal);
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  #pull(): Promise<Next> {
    if (this.#over)
      return 'error' in this.#over
        ? Promise.reject(this.#over.error)
        : Promise.resolve({ done: true, value: undefined });
    if (this.#inHand) {
      this.#inHand = false;
      this.#producer?.resolve();
      this.#producer = undefined;
    }
    return new Promise((resolve, reject) => {
      this.#consumer = { resolve, reject };
      this.#deliver();
    });
  }

  #deliver(): void {
    const consumer = this.#consumer;
    if (!consumer) return;
    if (this.#piece) {
      const value = this.#piece;
      this.#piece = undefined;
      this.#consumer = undefined;
      this.#inHand = true;
      this.#hash.update(value);
      this.#bytesSent += value.length;
      consumer.resolve({ done: false, value });
    } else if (this.#ended) {
      this.#consumer = undefined;
      this.#over = {};
      this.#settle?.resolve({ bytesSent: this.#bytesSent, sha512: this.#hash.digest('hex') });
      this.#producer?.resolve();
      this.#producer = undefined;
      consumer.resolve({ done: true, value: undefined });
    }
  }

  #throwIfOver(): void {
    if (!this.#over) return;
    if ('error' in this.#over) throw this.#over.error;
    throw new DiskError('disk_usage', 'the image stream has ended');
  }
}
