/** Bytes of a piece: more than a reply queues, so that it waits until a piece is sent. */
const PIECE = 1024 * 1024;

/**
 * Memory of what is sent, used again and again: fresh memory for each piece costs a virtual machine twice what TLS does.
 */
export class PieceMemory {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(PIECE);
  }

  /** Nobody reads from them any more, or writes to them. */
  give(pieces: readonly Buffer[]): void {
    this.#free.push(...pieces);
  }
}
