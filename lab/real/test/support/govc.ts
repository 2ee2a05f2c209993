import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Vcsim } from './vcsim.ts';

const GOVC = process.env['GOVC'] ?? '/var/cache/guts-real/vcsim/bin/govc';

/** Runs VMware's own client; gives what it prints. */
export async function govc(vcsim: Vcsim, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(GOVC, args, {
    maxBuffer: 2 ** 26,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: '/nonexistent',
      GOVC_URL: `${vcsim.url}/sdk`,
      GOVC_USERNAME: vcsim.username,
      GOVC_PASSWORD: vcsim.password,
      GOVC_INSECURE: '1',
      GOVC_PERSIST_SESSION: 'false',
    },
  });
  return stdout;
}
