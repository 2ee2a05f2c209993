import { orAbort } from '../abort.ts';
import { DiskError } from '../errors.ts';
import { type Sha512, sha512Of } from '../threads/sha512.ts';
import { sharedBytes } from '../threads/shared-bytes.ts';

/** What was handed over, once all of it was. */
export interface SentStream {
  readonly bytesSent: number;
  /** SHA-512 of the sent bytes, hexadecimal: Glance's `os_hash_value` where its algorithm is sha512. Null: not wanted. */
  readonly sha512: string | null;
}

type Next = IteratorResult<Uint8Array, undefined>;
interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}
/** Memory of a piece, which is used again when the piece was sent and digested. */
interface Place {
  readonly memory: Uint8Array;
  digested: Promise<void>;
}

export interface HandOverOptions {
  /** Bytes that will be handed over. */
  readonly length: number;
  /** Whether they are digested. Default true; it takes more of a processor than all else here. */
  readonly sha512?: boolean | undefined;
}

/**
 * Bytes of every piece but the last: it is sent and digested while it is in the processor's cache. More than a socket
 * takes without having its writer wait: a small piece might still be queued there when its memory is used again.
 */
const PIECE = 1024 * 1024;
/** One is sent, one still digested, one filled. */
const PLACES = 3;

/**
 * A producer hands bytes to one consumer, gathered to pieces: `push` waits whenever a piece is full, until the consumer
 * has come back for more. The digest is made of exactly the memory the consumer gets, which is used again once it has
 * asked for the next piece.
 */
export class HandOver implements AsyncIterable<Uint8Array> {
  readonly done: Promise<SentStream>;
  readonly #length: number;
  readonly #digested: boolean;
  readonly #places: Place[] = [];
  #sha512: Sha512 | undefined;
  #pieces = 0;
  #bytesSent = 0;
  #iterated = false;
  #producing = false;
  /** Being filled, so far. */
  #filling: Place | undefined;
  #filled = 0;
  /** Full, for the consumer. */
  #piece: Place | undefined;
  #bytes = 0;
  #inHand = false;
  /** The consumer has seen the end. */
  #taken = false;
  #consumer: Waiting<Next> | undefined;
  #producer: Waiting<void> | undefined;
  #over: { readonly error?: unknown } | undefined;
  #ended = false;
  #settle: Waiting<SentStream> | undefined;

  constructor({ length, sha512 = true }: HandOverOptions) {
    this.#length = length;
    this.#digested = sha512;
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever does not ask for the outcome learns of a failure from `push` or from the body.
    this.done.catch(() => undefined);
  }

  /** Hands over a copy of `bytes`. An abort leaves the stream broken, never shortened. */
  push(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    return this.#alone(() => this.#push(bytes, signal));
  }

  /** Ends the stream well; resolves when the consumer has seen the end and all is digested. */
  end(signal: AbortSignal): Promise<void> {
    return this.#alone(async () => {
      this.#goOn(signal);
      if (this.#filled > 0) await this.#offerFilled(signal);
      this.#ended = true;
      await this.#offer(signal);
    });
  }

  async #alone(work: () => Promise<void>): Promise<void> {
    if (this.#producing) throw new DiskError('disk_usage', 'an image stream takes one write at a time');
    this.#producing = true;
    try {
      await work();
    } finally {
      this.#producing = false;
    }
  }

  async #push(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      this.#goOn(signal);
      const { memory } = (this.#filling ??= await this.#place(signal));
      const part = bytes.subarray(at, at + memory.length - this.#filled);
      memory.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === memory.length) await this.#offerFilled(signal);
    }
  }

  /** Breaks the stream, unless it has ended: the consumer's next pull throws `error`. */
  fail(error: unknown): void {
    if (this.#over) return;
    this.#end({ error });
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

  /** @throws what the stream broke by, or the signal's reason, which breaks it */
  #goOn(signal: AbortSignal): void {
    this.#throwIfOver();
    if (signal.aborted) this.fail(signal.reason);
    signal.throwIfAborted();
  }

  async #offerFilled(signal: AbortSignal): Promise<void> {
    this.#piece = this.#filling;
    this.#bytes = this.#filled;
    this.#filling = undefined;
    this.#filled = 0;
    await this.#offer(signal);
  }

  async #offer(signal: AbortSignal): Promise<void> {
    this.#goOn(signal);
    const taken = new Promise<void>((resolve, reject) => {
      this.#producer = { resolve, reject };
    });
    this.#deliver();
    await this.#orBroken(taken, signal);
  }

  /** Memory for the next piece. The consumer is done with it: it has asked for the pieces behind. */
  async #place(signal: AbortSignal): Promise<Place> {
    const index = this.#pieces % PLACES;
    this.#pieces += 1;
    const place = (this.#places[index] ??= {
      memory: sharedBytes(Math.min(PIECE, this.#length)),
      digested: Promise.resolve(),
    });
    await this.#orBroken(place.digested, signal);
    return place;
  }

  /** However the waiting fails, the stream is broken by it. */
  async #orBroken(work: Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await orAbort(work, signal);
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  #pull(): Promise<Next> {
    if (this.#over && 'error' in this.#over) return Promise.reject(this.#over.error);
    if (this.#inHand) {
      this.#inHand = false;
      this.#producer?.resolve();
      this.#producer = undefined;
    }
    if (this.#taken) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#consumer = { resolve, reject };
      this.#deliver();
    });
  }

  #deliver(): void {
    const consumer = this.#consumer;
    if (!consumer) return;
    const place = this.#piece;
    if (!place) {
      if (this.#ended) this.#finish(consumer);
      return;
    }
    this.#piece = undefined;
    this.#consumer = undefined;
    this.#inHand = true;
    const value = place.memory.subarray(0, this.#bytes);
    if (this.#digested) place.digested = this.#digesting().add(value);
    // The next but one is told, or who asks for the digest.
    place.digested.catch(() => undefined);
    this.#bytesSent += value.length;
    consumer.resolve({ done: false, value });
  }

  /** The receiver's answer may be there already: its end does not wait for the digest. */
  #finish(consumer: Waiting<Next>): void {
    this.#consumer = undefined;
    this.#taken = true;
    consumer.resolve({ done: true, value: undefined });
    void this.#settleByDigest();
  }

  async #settleByDigest(): Promise<void> {
    let sha512: string | null;
    try {
      sha512 = this.#digested ? await this.#digesting().digest() : null;
    } catch (error) {
      this.fail(error);
      return;
    }
    if (this.#over) return;
    this.#end({});
    this.#settle?.resolve({ bytesSent: this.#bytesSent, sha512 });
    this.#producer?.resolve();
    this.#producer = undefined;
  }

  #digesting(): Sha512 {
    return (this.#sha512 ??= sha512Of(this.#length));
  }

  #end(how: { readonly error?: unknown }): void {
    this.#over = how;
    // A thread that does not end does nothing more, and keeps nobody.
    this.#sha512?.close().catch(() => undefined);
  }

  #throwIfOver(): void {
    if (!this.#over) return;
    if ('error' in this.#over) throw this.#over.error;
    throw new DiskError('disk_usage', 'the image stream has ended');
  }
}
