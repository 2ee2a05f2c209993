import type { ServerResponse } from 'node:http';

/** Bytes of a piece: more than a reply queues, so that it waits until a piece is sent. */
const PIECE = 1024 * 1024;

/**
 * Memory of what is sent, used again and again: fresh memory for each piece costs a virtual machine twice what TLS does.
 */
export class PieceMemory {
  readonly #free: Buffer[] = [];

  /** Two pieces for an answer, one to send while the other is read into; they come back when all of it is sent. */
  lend(reply: ServerResponse): readonly [Buffer, Buffer] {
    const pieces = [this.#take(), this.#take()] as const;
    // Of an answer that was cut off, something may be read into them still: those are not used again.
    reply.once('finish', () => this.#free.push(...pieces));
    return pieces;
  }

  #take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(PIECE);
  }
}
