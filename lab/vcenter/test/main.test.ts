import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { raw } from './client.ts';

test('the command line prints where it listens, and SIGTERM ends it well', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'fake-vcenter-main-'));
  const config = join(dir, 'config.json');
  await writeFile(
    config,
    JSON.stringify({ stateDir: join(dir, 'state'), machines: [{ name: 'a', disks: [{ sizeBytes: 4096 }] }] }),
  );
  const main = join(import.meta.dirname, '..', 'src', 'main.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', main, '--config', config, '--admin-port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  try {
    const line = await new Promise<string>((resolve) => createInterface(child.stdout).once('line', resolve));
    const ready = JSON.parse(line) as {
      url: string;
      adminUrl: string;
      machines: { name: string }[];
    };
    expect(ready.machines.map((m) => m.name)).toEqual(['a']);
    const admin = async (method: string, path: string, body?: unknown): Promise<unknown> => {
      const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
      return (await fetch(`${ready.adminUrl}${path}`, init)).json();
    };
    expect(await admin('GET', '/_lab/state')).toMatchObject({
      machines: [{ name: 'a', powerState: 'poweredOff', snapshots: [], tasks: [], lease: null }],
      leases: [],
      sessions: 0,
    });
    const fault = { path: '/sdk/vimServiceVersions.xml', times: 1, kind: 'http', status: 418 };
    expect(await admin('POST', '/_lab/faults', [fault])).toEqual({ added: 1 });
    expect(await admin('POST', '/_lab/faults', { kind: 'flood' })).toMatchObject({
      error: expect.stringMatching(/kind/) as string,
    });
    expect(await admin('GET', '/_lab/nothing')).toMatchObject({
      error: expect.stringMatching(/no such thing/) as string,
    });
    expect((await raw(`${ready.url}/sdk/vimServiceVersions.xml`)).status).toBe(418);
    expect((await raw(`${ready.url}/sdk/vimServiceVersions.xml`)).status).toBe(200);
  } finally {
    child.kill('SIGTERM');
  }
  expect(await ended).toBe(0);
  await rm(dir, { recursive: true });
});
