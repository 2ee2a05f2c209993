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

/**
 * What there is from `start` on, one piece read ahead of the one that is sent: what was written of a piece has left it when
 * the socket takes more.
 * @param read the bytes at an offset, in the given memory; none at the end
 */
export async function* readAhead(
  read: (at: number, into: Buffer) => Promise<Buffer>,
  start: number,
  pieces: readonly [Buffer, Buffer],
): AsyncGenerator<Buffer> {
  let [piece, other] = pieces;
  let next = read(start, piece);
  for (let at = start; ;) {
    const chunk = await next;
    if (chunk.length === 0) return;
    at += chunk.length;
    [piece, other] = [other, piece];
    next = read(at, piece);
    // Whoever stops here does not wait for it.
    next.catch(() => undefined);
    yield chunk;
  }
}
