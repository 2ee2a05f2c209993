import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Brick } from '../../src/brick/brick.ts';

const PYTHON = '/usr/bin/python3';
/** The real os-brick is asked by lab/real. */
const withoutPython =
  process.env['GUTS_REQUIRE_TOOLS'] !== '1' && spawnSync(PYTHON, ['--version']).status !== 0;
const FAKE = fileURLToPath(new URL('fake_os_brick.py', import.meta.url));
const signal = AbortSignal.timeout(60_000);
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guts-brick-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const brick = (more: Partial<ConstructorParameters<typeof Brick>[0]> = {}): Brick =>
  new Brick({ python: PYTHON, rootHelper: [], lockPath: join(folder, 'locks'), ...more });
const connection = (fake: string, protocol = 'iscsi') => ({
  protocol,
  multipath: true,
  connection: { fake, log: join(folder, 'log'), auth_password: 'hunter2-secret', target_lun: 1 },
});

describe('the helper over a fake os-brick (needs python3)', () => {
  const faked = (): Brick => brick({ script: FAKE });

  test.skipIf(withoutPython)('asks for block devices, and gives what can be written down', async () => {
    const device = await faked().connect(connection('/dev/sdz'), signal);
    expect(device).toEqual({ type: 'block', path: '/dev/sdz', multipath_id: 'm1' });
    await faked().disconnect(connection('/dev/sdz'), device, signal);
    await faked().disconnect(connection('/dev/sdz'), null, signal);
    const log = (await readFile(join(folder, 'log'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown[]);
    expect(log.map(([protocol, multipath, local]) => [protocol, multipath, local])).toEqual(
      Array.from({ length: 3 }, () => ['ISCSI', true, true]),
    );
    expect(log[0]?.[3]).toMatchObject({ do_local_attach: true, auth_password: 'hunter2-secret' });
    expect(log.map((line) => line.slice(4))).toEqual([
      ['connect'],
      ['disconnect', device, false, false],
      ['disconnect', {}, false, false],
    ]);
    expect(await faked().properties('192.0.2.7', true, signal)).toMatchObject({ enforced: false });
  });

  test.skipIf(withoutPython)('no secret is in an argument or in an error', async () => {
    const seen: string[] = [];
    const watched = ((command: string, args: string[], options: object) => {
      seen.push([command, ...args, JSON.stringify(options)].join(' '));
      return spawn(command, args, options);
    }) as typeof spawn;
    const failing = brick({ script: FAKE, spawn: watched }).connect(connection('fail'), signal);
    await expect(failing).rejects.toMatchObject({
      code: 'brick_failed',
      message: 'os-brick: RuntimeError: iscsiadm -v *** failed',
    });
    expect(seen).toHaveLength(1);
    expect(seen.join('')).not.toContain('hunter2');
  });

  test.skipIf(withoutPython)('an end without an answer is told', async () => {
    await expect(faked().connect(connection('die'), signal)).rejects.toThrow(/by SIGKILL/);
    await expect(faked().connect(connection('pathless'), signal)).rejects.toThrow(/names no path/);
    const silent = brick({ script: '/dev/null' });
    await expect(silent.properties('x', false, signal)).rejects.toThrow(/gave no JSON/);
  });

  test.skipIf(withoutPython)('it is ended when it is not wanted any more', async () => {
    const stop = new AbortController();
    const hanging = faked().connect(connection('hang'), stop.signal);
    setTimeout(() => stop.abort(new Error('told to stop')), 300);
    await expect(hanging).rejects.toThrow('told to stop');
  });
});

test('where it is not installed, that is said', async () => {
  await expect(
    brick({ python: '/nonexistent/python3' }).properties('x', false, signal),
  ).rejects.toMatchObject({ code: 'brick_missing', message: expect.stringContaining('ENOENT') });
});
