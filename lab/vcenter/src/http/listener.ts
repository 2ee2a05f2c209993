import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PemPair } from '../options.ts';

export type Handler = (request: IncomingMessage, reply: ServerResponse) => Promise<void>;

/** Starts an HTTPS listener; a handler that throws cuts its connection. */
export async function listen(pem: PemPair, host: string, port: number, handler: Handler): Promise<Server> {
  const server = createServer(
    { cert: pem.cert, key: pem.key, keepAliveTimeout: 30_000 },
    (request, reply) => {
      handler(request, reply).catch(() => reply.destroy());
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return server;
}

export function portOf(server: Pick<Server, 'address'>): number {
  return (server.address() as AddressInfo).port;
}

export async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
