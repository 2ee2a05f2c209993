import { spawn as spawnProcess } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { askNbdkitPlugin, NbdkitError } from '../src/index.ts';
import type { NbdkitCommand } from '../src/nbdkit/command.ts';
import { NbdkitServer, type NbdkitParts } from '../src/nbdkit/server.ts';
import { exporting, spawning } from './fake-nbdkit.ts';
import { serve, signal, sparse } from './nbd-rig.ts';

const SECRET = 'p@ss "w0rd" é';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'guts-nbdkit-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return join(path, 'run');
}

const command = (more: Partial<NbdkitCommand> = {}): NbdkitCommand => ({
  program: 'nbdkit',
  plugin: 'vddk',
  parameters: [
    ['libdir', '/opt/lib'],
    ['file', '[DS 1] a b/a.vmdk'],
  ],
  secrets: { password: SECRET },
  ...more,
});

const parts = (more: Partial<NbdkitParts>): NbdkitParts => ({
  runDir: folder(),
  spawn: spawnProcess,
  env: { PATH: process.env['PATH'], GUTS_SOURCE_PASSWORD: SECRET },
  readySeconds: 5,
  graceSeconds: 0.2,
  ...more,
});

/** A program of the tests in the place of nbdkit: a shell script. */
function script(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'guts-nbdkit-')), 'nbdkit');
  onTestFinished(() => rmSync(join(path, '..'), { recursive: true }));
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o700);
  return path;
}

async function failure(starting: Promise<unknown>): Promise<NbdkitError> {
  const error = await starting.then(
    () => new Error('it started'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(NbdkitError);
  return error as NbdkitError;
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('a server', () => {
  test('gets its secret by a private file that is gone once it serves, and nothing by arguments and environment', async () => {
    const disk = await serve(exporting(sparse()));
    let modes: number[] = [];
    const { spawn, started } = spawning((one) => {
      modes = [one.folder, ...readdirSync(one.folder).map((name) => join(one.folder, name))].map(
        (path) => statSync(path).mode & 0o777,
      );
      // It reads its parameters well before it listens.
      setTimeout(() => one.listen(disk), 60);
    });
    const server = await NbdkitServer.start(command(), parts({ spawn }), signal);
    onTestFinished(() => server.stop());
    const [one] = started;
    expect(modes).toEqual([0o700, 0o600, 0o600]);
    expect(one?.secrets).toEqual({ password: SECRET });
    expect(JSON.stringify([one?.args, one?.env])).not.toContain('p@ss');
    expect(one?.args.slice(0, 3)).toEqual(['--exit-with-parent', '--readonly', '--unix']);
    expect(one?.args.slice(4, 7)).toEqual(['vddk', 'libdir=/opt/lib', 'file=[DS 1] a b/a.vmdk']);
    expect(readdirSync(one?.folder ?? '').filter((name) => name.startsWith('secret'))).toEqual([]);
    await server.stop();
    expect(one?.signals).toEqual(['SIGTERM']);
    expect(existsSync(one?.folder ?? '')).toBe(false);
  });

  test('that does not heed being asked to end is killed', async () => {
    const disk = await serve(exporting(sparse()));
    const { spawn, started } = spawning((one) => {
      one.heeds = false;
      one.listen(disk);
    });
    const server = await NbdkitServer.start(command(), parts({ spawn }), signal);
    await server.stop();
    expect(started[0]?.signals).toEqual(['SIGTERM', 'SIGKILL']);
    expect(existsSync(started[0]?.folder ?? '')).toBe(false);
  });

  test('that is not installed is told so, and leaves nothing', async () => {
    const own = parts({});
    const error = await failure(NbdkitServer.start(command({ program: '/nonexistent/nbdkit' }), own, signal));
    expect(error).toMatchObject({ code: 'nbdkit_missing', retryable: false });
    expect(error.message).toContain('/nonexistent/nbdkit');
    expect(readdirSync(own.runDir)).toEqual([]);
  });

  test('without its plugin is told so', async () => {
    const program = script(
      `echo 'nbdkit: error: cannot open plugin "/usr/lib/nbdkit/plugins/nbdkit-vddk-plugin.so": /usr/lib/nbdkit/plugins/nbdkit-vddk-plugin.so: cannot open shared object file: No such file or directory' >&2; echo "Use 'nbdkit --help'" >&2; exit 1`,
    );
    const own = parts({});
    expect(await failure(NbdkitServer.start(command({ program }), own, signal))).toMatchObject({
      code: 'nbdkit_no_plugin',
      message: expect.stringContaining('nbdkit-vddk-plugin.so'),
    });
    expect(readdirSync(own.runDir)).toEqual([]);
  });

  test('that ends early tells its last words, in which the secret is struck out', async () => {
    const program = script(
      `for i in 1 2 3 4 5 6; do echo "line $i" >&2; done; for a in "$@"; do case $a in password=+*) cat "\${a#password=+}" >&2;; esac; done; echo >&2; exit 3`,
    );
    const own = parts({});
    const { code, message } = await failure(NbdkitServer.start(command({ program }), own, signal));
    expect(code).toBe('nbdkit_failed');
    expect(message).toBe(
      'nbdkit vddk ended with 3; it said: line 5 | line 6 | ***, before it served anything',
    );
    expect(readdirSync(own.runDir)).toEqual([]);
  });

  test('that never listens is killed at the deadline, its process and secret gone', async () => {
    const note = join(mkdtempSync(join(tmpdir(), 'guts-nbdkit-')), 'pid');
    onTestFinished(() => rmSync(join(note, '..'), { recursive: true }));
    const program = script(`trap '' TERM; echo $$ > ${note}; while :; do sleep 0.05; done`);
    const own = parts({ readySeconds: 0.4 });
    const error = await failure(NbdkitServer.start(command({ program }), own, signal));
    expect(error).toMatchObject({ code: 'nbdkit_late', retryable: true });
    expect(alive(Number(readFileSync(note, 'utf8')))).toBe(false);
    expect(readdirSync(own.runDir)).toEqual([]);
  });

  test('whose starting is aborted is ended, and leaves nothing', async () => {
    const stop = new AbortController();
    const own = parts({ spawn: spawning(() => setTimeout(() => stop.abort(new Error('enough')), 50)).spawn });
    await expect(NbdkitServer.start(command(), own, stop.signal)).rejects.toThrow('enough');
    expect(readdirSync(own.runDir)).toEqual([]);
  });

  test.for([
    ['a secret of two lines', { secrets: { password: 'a\nb' } }, 'more than one line'],
    ['a NUL', { parameters: [['user', 'a\0b']] }, 'NUL'],
    ['a name that is an option', { parameters: [['--run', 'x']] }, '"--run"'],
  ] as const)('%s is refused before anything is made', async ([, more, words]) => {
    const own = parts({ spawn: spawning(() => undefined).spawn });
    const error = await failure(NbdkitServer.start(command(more), own, signal));
    expect(error.code).toBe('nbdkit_usage');
    expect(error.message).toContain(words);
    expect(existsSync(own.runDir)).toBe(false);
  });

  test('in a folder whose path is too long for a socket is refused', async () => {
    const own = parts({ runDir: join(folder(), 'x'.repeat(90)) });
    expect(await failure(NbdkitServer.start(command(), own, signal))).toMatchObject({
      code: 'nbdkit_usage',
      message: expect.stringContaining('107 are allowed'),
    });
  });
});

describe('a plugin that is asked about itself', () => {
  const ask = (program: string, seconds = 5): Promise<ReadonlyMap<string, string>> =>
    askNbdkitPlugin(
      { program, plugin: 'vddk', parameters: [['libdir', '/opt/a b']] },
      { spawn: spawnProcess, env: process.env, seconds },
      signal,
    );

  test('tells facts', async () => {
    const program = script(`echo "args=$*"; echo vddk_library_version=8; echo 'a=b=c'; echo nothing`);
    expect([...(await ask(program))]).toEqual([
      ['args', 'vddk --dump-plugin libdir=/opt/a b'],
      ['vddk_library_version', '8'],
      ['a', 'b=c'],
    ]);
  });

  test('that fails tells why', async () => {
    const program = script('echo "nbdkit: error: realpath: /opt/a b: No such file or directory" >&2; exit 1');
    expect(await failure(ask(program))).toMatchObject({
      code: 'nbdkit_failed',
      message: expect.stringContaining('realpath: /opt/a b'),
    });
    expect(await failure(ask('/nonexistent/nbdkit'))).toMatchObject({ code: 'nbdkit_missing' });
  });

  test('that never answers is ended', async () => {
    const program = script('exec sleep 60');
    expect(await failure(ask(program, 0.2))).toMatchObject({ code: 'nbdkit_late' });
  });
});
