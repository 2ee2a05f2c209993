import { open } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { streamVmdk } from '../disk/stream-vmdk.ts';
import type { Vim } from '../vim.ts';
import { readAhead } from './piece-memory.ts';
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

async function* piecesOf(path: string, pieces: readonly [Buffer, Buffer]): AsyncGenerator<Buffer> {
  const file = await open(path);
  try {
    const read = async (at: number, into: Buffer): Promise<Buffer> =>
      into.subarray(0, (await file.read(into, 0, into.length, at)).bytesRead);
    yield* readAhead(read, 0, pieces);
  } finally {
    await file.close();
  }
}
