/** Sends an answer: JSON, text or a stream of bytes. */
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { flipByte } from './faulty-body.ts';
import type { Reply } from './service.ts';

export interface Damage {
  /** Break the connection after so many bytes of the body. */
  readonly cut?: number | undefined;
  /** Turn a bit of the byte at this offset. */
  readonly flip?: number | undefined;
}

export async function send(
  response: ServerResponse,
  method: string,
  reply: Reply,
  headers: Readonly<Record<string, string>>,
  damage: Damage = {},
): Promise<void> {
  if (response.destroyed) {
    reply.stream?.source.destroy();
    return;
  }
  const { type, source, length } = content(reply);
  response.statusCode = reply.status;
  for (const [name, value] of Object.entries({ ...headers, ...reply.headers }))
    response.setHeader(name, value);
  if (type !== undefined && !response.hasHeader('content-type')) response.setHeader('Content-Type', type);
  if (reply.status !== 204) response.setHeader('Content-Length', length);
  if (method === 'HEAD' || reply.status === 204) {
    source.destroy();
    response.end();
    return;
  }
  try {
    if (damage.cut !== undefined) {
      await cutShort(response, source, damage.cut);
    } else if (damage.flip === undefined) await pipeline(source, response);
    else await pipeline(source, flipByte(damage.flip), response);
  } catch {
    response.destroy(); // the client left, or the bytes ended early: it sees a short body
  }
}

function content(reply: Reply): { type: string | undefined; source: Readable; length: number } {
  if (reply.stream) return { type: 'application/octet-stream', ...reply.stream };
  const text = reply.text ?? (reply.json === undefined ? '' : JSON.stringify(reply.json));
  const bytes = Buffer.from(text, 'utf8');
  const type =
    reply.json === undefined ? (reply.text === undefined ? undefined : 'text/plain') : 'application/json';
  return { type, source: Readable.from(bytes.length > 0 ? [bytes] : []), length: bytes.length };
}

async function cutShort(response: ServerResponse, source: Readable, bytes: number): Promise<void> {
  let left = bytes;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    response.write(chunk.subarray(0, left));
    left -= chunk.length;
    if (left <= 0) break;
  }
  source.destroy();
  response.socket?.end();
}
