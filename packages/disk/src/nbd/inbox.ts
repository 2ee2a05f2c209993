import { protocolError, type NbdError } from './errors.ts';

/** Bytes that may lie unread: nothing in a handshake comes unasked for but the replies to one option. */
const UNREAD_LIMIT = 4 * 1024 * 1024;

/** What arrives during the handshake, given out in exact lengths. One `take` at a time. */
export class Inbox {
  #parts: Buffer[] = [];
  #length = 0;
  #failure: NbdError | undefined;
  #wake: (() => void) | undefined;

  /** Bytes that arrived and were not taken. */
  get unread(): number {
    return this.#length;
  }

  /** Throws `NbdError` (`nbd_protocol`) when far more lies here than anybody asked for. */
  readonly push = (bytes: Buffer): void => {
    this.#length += bytes.length;
    if (this.#length > UNREAD_LIMIT) throw protocolError('it sends without end during the handshake');
    this.#parts.push(Buffer.from(bytes));
    this.#wake?.();
  };

  readonly fail = (error: NbdError): void => {
    this.#failure ??= error;
    this.#wake?.();
  };

  /** The next `length` bytes, or the stream's failure where it ends before them. */
  async take(length: number): Promise<Buffer> {
    while (this.#length < length) {
      if (this.#failure) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    const all = this.#parts.length === 1 ? (this.#parts[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#parts);
    this.#length -= length;
    this.#parts = this.#length > 0 ? [all.subarray(length)] : [];
    return all.subarray(0, length);
  }
}
