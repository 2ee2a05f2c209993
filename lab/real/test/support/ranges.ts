import { createReadStream } from 'node:fs';
import { createServer, type Server } from 'node:http';

/** A web server of one file, whole or in ranges, whatever path is asked for. @param size of the file; bytes */
export function serveRanges(path: string, size: number): Server {
  return createServer((request, response) => {
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const head = { 'accept-ranges': 'bytes' };
    if (request.method === 'HEAD' || !range) {
      response.writeHead(200, { ...head, 'content-length': size }).end();
      return;
    }
    const [start, end] = [Number(range[1]), Math.min(size - 1, Number(range[2]))];
    response.writeHead(206, {
      ...head,
      'content-length': end - start + 1,
      'content-range': `bytes ${start}-${end}/${size}`,
    });
    createReadStream(path, { start, end }).pipe(response);
  });
}

export function addressOf(server: Server): string {
  const at = server.address();
  if (at === null || typeof at === 'string') throw new Error('no address');
  return `http://127.0.0.1:${at.port}/disk`;
}
