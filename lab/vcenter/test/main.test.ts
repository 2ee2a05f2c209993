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
  const child = spawn(process.execPath, ['--import', 'tsx', main, '--config', config], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  try {
    const line = await new Promise<string>((resolve) => createInterface(child.stdout).once('line', resolve));
    const ready = JSON.parse(line) as { url: string; machines: { name: string }[] };
    expect(ready.machines.map((m) => m.name)).toEqual(['a']);
    expect((await raw(`${ready.url}/sdk/vimServiceVersions.xml`)).status).toBe(200);
  } finally {
    child.kill('SIGTERM');
  }
  expect(await ended).toBe(0);
  await rm(dir, { recursive: true });
});
