import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { nbdkit, without } from './disk-tools.ts';
import { guts } from './lab.ts';

const SIZE = 9 * 2 ** 20;

/** By the program as it is built: run from the sources there are no threads. */
async function copied(...args: string[]): Promise<string> {
  const { code, out, err } = await guts(args, {}).ended;
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out;
}

test.skipIf(without('nbdkit'))('guts disk copy tells why it went the slower way (needs nbdkit)', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'guts-slow-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const raw = join(folder, 'raw');
  const bytes = Buffer.alloc(SIZE, 'data');
  await writeFile(raw, bytes);
  const free = await nbdkit(join(folder, 'free'), 'file', raw);
  const alone = await nbdkit(join(folder, 'alone'), '--filter=limit', 'file', raw, 'limit=1');

  const fast = await copied('--json', 'disk', 'copy', free, join(folder, 'fast'));
  expect(JSON.parse(fast)).toMatchObject({ bytes_read: SIZE, slow: null });
  const slow = await copied('--json', 'disk', 'copy', alone, join(folder, 'slow'));
  expect(JSON.parse(slow)).toMatchObject({ bytes_read: SIZE, slow: expect.stringMatching(/./) });
  const told = await copied('disk', 'copy', alone, join(folder, 'told'));
  expect(told).toMatch(/it went the slower way, through one thread: .+/);
  for (const copy of ['fast', 'slow', 'told'])
    expect((await readFile(join(folder, copy))).equals(bytes)).toBe(true);
});
