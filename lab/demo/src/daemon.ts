import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient, routes } from '@guts/contract';

const START_SECONDS = 30;

/** `guts all` as a user runs it: a process of its own. */
export interface RunningDaemon {
  readonly client: ApiClient;
  readonly url: string;
  readonly tokenFile: string;
  stop(): Promise<void>;
}

/** The port itself when it is free, else any other. */
async function freePort(wanted: number): Promise<number> {
  const tryPort = (port: number): Promise<number | null> =>
    new Promise((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(null));
      server.listen(port, '127.0.0.1', () => {
        const { port: got } = server.address() as AddressInfo;
        server.close(() => resolve(got));
      });
    });
  const got = (await tryPort(wanted)) ?? (await tryPort(0));
  if (got === null) throw new Error('no free port on 127.0.0.1');
  return got;
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
}

/**
 * @param stateDir holds database, key and token
 * @param volumeRoot folder below which the cloud's volumes lie: no share is mounted here
 */
export async function startDaemon(
  root: string,
  stateDir: string,
  volumeRoot: string,
): Promise<RunningDaemon> {
  const port = await freePort(7000);
  const url = `http://127.0.0.1:${port}`;
  const log: string[] = [];
  const child = spawn(process.execPath, [join(root, 'packages/app/bin/guts.js'), 'all'], {
    env: {
      ...process.env,
      GUTS_STATE_DIR: stateDir,
      GUTS_VOLUME_ROOTS: volumeRoot,
      GUTS_LISTEN_PORT: String(port),
      GUTS_POLL_MILLISECONDS: '200',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      log.push(chunk.toString('utf8'));
      if (log.length > 200) log.shift();
    });
  const tokenFile = join(stateDir, 'token');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended(child);
  };
  for (let waited = 0; waited < START_SECONDS * 10; waited += 1) {
    if (child.exitCode !== null) throw new Error(`guts all ended at once:\n${log.join('')}`);
    try {
      const token = (await readFile(tokenFile, 'utf8')).trim();
      const client = new ApiClient({ fetch, baseUrl: url, headers: { 'x-auth-token': token } });
      await client.call(routes.health);
      return { client, url, tokenFile, stop };
    } catch {
      await sleep(100); // not up yet
    }
  }
  await stop();
  throw new Error(`guts all did not answer within ${START_SECONDS} seconds:\n${log.join('')}`);
}
