import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** Hears of points being reached, does what is to be done there, and answers. */
export async function listen(
  onPoint: (point: string) => Promise<void>,
): Promise<{ url: string; server: Server }> {
  const server = createServer((request, reply) => {
    const heard = async (): Promise<void> => {
      // Who dies in the middle of telling has told nothing.
      const told = await json(request).catch(() => null);
      if (told !== null) await onPoint((told as { point: string }).point);
    };
    void heard().finally(() => reply.end());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}
