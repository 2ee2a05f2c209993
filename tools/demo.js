// `npm run demo`: needs Node and npm only. Installs and builds what is missing, then runs lab/demo.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const began = Date.now();
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) console.error(`${command} cannot be run: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(tsx)) {
  console.log('installing (npm ci)');
  // On Windows npm is a .cmd file, which Node runs through a shell only (CVE-2024-27980).
  run('npm ci --no-audit --no-fund', [], { shell: true });
}
console.log('building');
run(process.execPath, [tsx, 'tools/build.ts']);
run(process.execPath, [tsx, 'lab/demo/src/main.ts', ...process.argv.slice(2)], {
  env: { ...process.env, GUTS_DEMO_BEGAN: String(began) },
});
