import { createServer, request as ask, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A reverse proxy that serves something else below a path, and takes that path away from what it hands on: as nginx does
 * with `location /migration/ { proxy_pass http://guts-api/; }`.
 */
export class StrippingProxy {
  readonly url: string;
  /** Targets as the browser asked for them; those outside of the path are answered with 404. */
  readonly asked: string[] = [];
  readonly #server: Server;
  #upstream = '';

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  }

  static async open(path: string): Promise<StrippingProxy> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const proxy = new StrippingProxy(server, path);
    server.on('request', (incoming, outgoing) => {
      const target = incoming.url ?? '';
      proxy.asked.push(target);
      if (!target.startsWith(`${path}/`)) {
        outgoing.writeHead(404).end('not below the path');
        return;
      }
      const { method, headers } = incoming;
      const onwards = ask(
        `${proxy.#upstream}${target.slice(path.length)}`,
        { method, headers: { ...headers, 'x-forwarded-for': '192.0.2.1' } },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
        },
      );
      onwards.on('error', () => outgoing.destroy());
      outgoing.on('close', () => onwards.destroy());
      incoming.pipe(onwards);
    });
    return proxy;
  }

  /** Says what it stands before. */
  leadTo(url: string): void {
    this.#upstream = url;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}
