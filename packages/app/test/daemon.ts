import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ended, guts } from './lab.ts';

const START_SECONDS = 30;

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

export interface Daemon {
  readonly url: string;
  /** With what it wrote. */
  stop(): Promise<Ended>;
}

/** `guts all`, as a process of its own, once it answers. */
export async function startAll(
  port: number,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Daemon> {
  const { child, ended } = guts(['all', ...args], {
    GUTS_LISTEN_PORT: String(port),
    GUTS_POLL_MILLISECONDS: '200',
    ...env,
  });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < START_SECONDS * 10 && child.exitCode === null; tries += 1) {
    const answer = await fetch(`${url}/healthcheck`).catch(() => null);
    if (answer?.ok === true)
      return {
        url,
        async stop() {
          child.kill('SIGTERM');
          return ended;
        },
      };
    await sleep(100);
  }
  child.kill('SIGKILL');
  const { out, err } = await ended;
  throw new Error(`guts all does not answer: ${out}${err}`);
}
