import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { wait } from '../tasks.ts';

/** How a body is spoilt on its way. */
export interface Shape {
  /** Bytes after which the connection is cut. */
  readonly truncateAt?: number;
  /** Offset of a byte to flip. */
  readonly corruptAt?: number;
  /** Bytes per second. */
  readonly rate?: number;
  /** Cuts the connection when aborted. */
  readonly until?: AbortSignal;
}

/** Sends a body at the client's pace; the connection is destroyed where the shape says so or reading fails. */
export async function pour(body: AsyncIterable<Buffer>, reply: ServerResponse, shape: Shape): Promise<void> {
  const gone = new AbortController();
  const cut = (): void => {
    gone.abort();
    reply.destroy();
  };
  reply.on('close', () => gone.abort());
  if (shape.until?.aborted === true) return cut();
  shape.until?.addEventListener('abort', cut, { once: true });
  let sent = 0;
  try {
    for await (const whole of body) {
      const chunk = spoil(whole, sent, shape);
      const room = shape.truncateAt === undefined ? chunk.length : shape.truncateAt - sent;
      const part = room < chunk.length ? chunk.subarray(0, Math.max(0, room)) : chunk;
      sent += part.length;
      if (part.length > 0 && !reply.write(part)) await once(reply, 'drain', { signal: gone.signal });
      if (part.length < chunk.length) {
        // Let what was written reach the client before the cut.
        await wait(20, gone.signal);
        return cut();
      }
      if (shape.rate !== undefined) await wait((part.length / shape.rate) * 1000, gone.signal);
      if (gone.signal.aborted) return;
    }
    reply.end();
  } catch (error) {
    if (!gone.signal.aborted) {
      cut();
      throw error;
    }
  } finally {
    shape.until?.removeEventListener('abort', cut);
  }
}

function spoil(chunk: Buffer, sent: number, shape: Shape): Buffer {
  const at = shape.corruptAt === undefined ? -1 : shape.corruptAt - sent;
  if (at < 0 || at >= chunk.length) return chunk;
  const copy = Buffer.from(chunk);
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}
