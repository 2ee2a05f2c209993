import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { probeCertificate } from '@guts/vsphere';
import { freePort } from './free-port.ts';

export const VCSIM = process.env['GUTS_VCSIM'] ?? '/var/cache/guts-real/vcsim/bin/vcsim';
const USER = 'user';
const PASSWORD = 'vcsim-password';
const START_SECONDS = 60;

export interface Vcsim {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly fingerprint: string;
  stop(): Promise<void>;
}

/** VMware's own simulator with one cluster of four hosts; waits until it answers. */
export async function startVcsim(machines: number): Promise<Vcsim> {
  const port = await freePort();
  const args = ['-l', `127.0.0.1:${port}`, '-username', USER, '-password', PASSWORD];
  // -vm counts per resource pool; with one cluster and no lone host that is the whole.
  args.push('-dc', '1', '-cluster', '1', '-host', '4', '-standalone-host', '0', '-vm', String(machines));
  const child = spawn(VCSIM, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (log += chunk));
  const state: { ended?: string } = {};
  const end = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      state.ended = error.message;
      resolve();
    });
    child.once('exit', (code) => {
      state.ended = `exit ${code}`;
      resolve();
    });
  });
  const url = `https://127.0.0.1:${port}`;
  for (let tries = 0; tries < START_SECONDS * 5; tries += 1) {
    if (state.ended !== undefined) throw new Error(`vcsim (${VCSIM}): ${state.ended}: ${log}`);
    try {
      const facts = await probeCertificate({ host: '127.0.0.1', port, timeoutSeconds: 5 });
      const stop = async (): Promise<void> => {
        child.kill('SIGTERM');
        await end;
      };
      return { url, username: USER, password: PASSWORD, fingerprint: facts.sha256, stop };
    } catch {
      await sleep(200); // not up yet
    }
  }
  child.kill('SIGKILL');
  throw new Error(`vcsim does not answer after ${START_SECONDS} s: ${log}`);
}
