// `npm run demo`: needs Node and npm only. Installs and builds what is missing, then runs lab/demo.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');

function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(tsx)) {
  console.log('installing (npm ci)');
  run(process.platform === 'win32' ? 'npm.cmd' : 'npm', ['ci', '--no-audit', '--no-fund']);
}
console.log('building');
run(process.execPath, [tsx, 'tools/build.ts']);
run(process.execPath, [tsx, 'lab/demo/src/main.ts', ...process.argv.slice(2)]);
