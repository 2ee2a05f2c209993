import { open } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { streamVmdk } from '../disk/stream-vmdk.ts';
import type { Vim } from '../vim.ts';
import { pour, type Shape } from './pour.ts';

/** GET /nfc/<lease>/<file> on the ESXi listener: the URL itself is the ticket. */
export async function answerNfc(
  vim: Vim,
  path: string,
  request: IncomingMessage,
  reply: ServerResponse,
  shape: Shape,
): Promise<void> {
  const [, , id, file] = path.split('/');
  const lease = [...vim.leases.values()].find((l) => l.id === id);
  const disk = lease?.disks.find((d) => d.fileName === file);
  if (lease === undefined || disk === undefined) return void reply.writeHead(404).end();
  if (lease.state !== 'ready') return void reply.writeHead(500).end('The lease is not ready.');
  if (request.method !== 'GET' && request.method !== 'HEAD') return void reply.writeHead(405).end();
  reply.writeHead(200, { 'content-type': 'application/x-vnd.vmware-streamVmdk' });
  if (request.method === 'HEAD') return void reply.end();
  const { readable, fileName: name } = disk;
  const body =
    readable.packed === null
      ? streamVmdk(readable, { level: vim.settings.compressionLevel, name })
      : piecesOf(readable.packed, vim.pieces.lend(reply));
  await pour(body, reply, { ...shape, until: lease.ended.signal });
}

/** @param pieces used in turn: what was written of one has left it when the socket takes more, and one is read ahead */
async function* piecesOf(path: string, pieces: readonly [Buffer, Buffer]): AsyncGenerator<Buffer> {
  let [piece, other] = pieces;
  const file = await open(path);
  let next: Promise<{ bytesRead: number }> | undefined;
  try {
    const read = (at: number) => file.read(piece, 0, piece.length, at);
    next = read(0);
    for (let at = 0; ;) {
      const { bytesRead } = await next;
      if (bytesRead === 0) return;
      at += bytesRead;
      [piece, other] = [other, piece];
      next = read(at);
      // Whoever stops here does not wait for it.
      next.catch(() => undefined);
      yield other.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
