import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../../lab/real/test/support/free-port.ts';

const GUTS = resolve(import.meta.dirname, '../../packages/app/bin/guts.js');
const START_SECONDS = 30;

/** guts-api as it ships, in its embedded mode. */
export interface RunningApi {
  readonly url: string;
  /** A link that signs in, once. */
  link(): Promise<string>;
  stop(): Promise<void>;
}

/** @param folder for its state; empty, so that it makes its keys and its database */
export async function startApi(folder: string): Promise<RunningApi> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    GUTS_STATE_DIR: folder,
    GUTS_LISTEN_PORT: String(port),
    GUTS_REQUESTS_PER_MINUTE: '0',
  };
  const child = spawn(process.execPath, [GUTS, 'api'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (data: Buffer) => {
    said = `${said}${data.toString()}`.slice(-4000);
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  };
  for (let tries = 0; tries < START_SECONDS * 10 && child.exitCode === null; tries += 1) {
    const answer = await fetch(`${url}/healthcheck`).catch(() => null);
    if (answer)
      return {
        url,
        async link() {
          const { stdout } = await promisify(execFile)(
            process.execPath,
            [GUTS, '--json', '--api', url, 'dashboard'],
            { env },
          );
          return (JSON.parse(stdout) as { url: string }).url;
        },
        stop,
      };
    await sleep(100);
  }
  await stop();
  throw new Error(`guts-api does not answer: ${said}`);
}

/** Its database, where `GUTS_STATE_DIR` is the only setting. */
export const databaseOf = (folder: string): string => `sqlite://${join(folder, 'guts.sqlite')}`;
