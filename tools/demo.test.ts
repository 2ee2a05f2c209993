import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Runs the demo's starter as on the platform, on a tree without node_modules; whatever it starts is only told. */
function started(platform: string): { command: string; args: string[]; shell: boolean }[] {
  const before = `
    import childProcess from 'node:child_process';
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    Object.defineProperty(process, 'platform', { value: '${platform}' });
    fs.existsSync = () => false;
    childProcess.spawnSync = (command, args, { shell = false }) => {
      console.log('started: ' + JSON.stringify({ command, args, shell }));
      return { status: 0 };
    };
    syncBuiltinESMExports();`;
  const preload = `data:text/javascript,${encodeURIComponent(before)}`;
  const demo = join(import.meta.dirname, 'demo.js');
  const { stdout } = spawnSync(process.execPath, ['--import', preload, demo, '--keep'], { encoding: 'utf8' });
  return [...stdout.matchAll(/^started: (.*)$/gm)].map(
    ([, line = '']) => JSON.parse(line) as ReturnType<typeof started>[number],
  );
}

test.for(['win32', 'linux'])('on %s npm is run as that platform allows', (platform) => {
  const [npm, build, demo] = started(platform);
  // Node refuses .cmd files without a shell, and warns of arguments beside one.
  expect(npm).toEqual({ command: 'npm ci --no-audit --no-fund', args: [], shell: true });
  expect(build).toMatchObject({ shell: false });
  expect(demo?.args.at(-1)).toBe('--keep');
});
