/**
 * Makes the Horizon plugin as it is installed: `horizon/`, the web app that `npm run build` made, and the policy that
 * Horizon shows the panels by.
 *
 *     build-horizon.ts [APP-FOLDER [OUT-FOLDER]]    # default: dist/dashboard dist/horizon
 */
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ruleFacts } from '../packages/api/src/auth/rule-facts.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** oslo.policy's list of registered rules, which is YAML, as JSON. */
function defaultPolicy(): string {
  const rules = ruleFacts().map(({ name, expression, description }) => ({
    name,
    check_str: expression,
    description,
    operations: [],
    scope_types: null,
  }));
  // Refused to everybody: whoever is let through was judged by no policy at all (access.py).
  const nobody = { ...rules[0], name: 'migration:nobody', check_str: '!', description: 'Nobody' };
  return `${JSON.stringify([...rules, nobody], null, 1)}\n`;
}

/** @throws Error when the app is not built */
function buildHorizon(app: string, out: string): void {
  const manifest = join(app, '.vite/manifest.json');
  if (!existsSync(manifest)) throw new Error(`${manifest} is not there: run npm run build first`);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  for (const part of ['guts_dashboard', 'enabled', 'local_settings.d', 'README.md'])
    cpSync(join(root, 'horizon', part), join(out, part), {
      recursive: true,
      filter: (path) => !path.includes('__pycache__'),
    });
  const statics = join(out, 'guts_dashboard/static/guts');
  cpSync(app, statics, { recursive: true });
  // Django collects no hidden files, and the page is Horizon's.
  renameSync(join(statics, '.vite/manifest.json'), join(statics, 'manifest.json'));
  rmSync(join(statics, '.vite'), { recursive: true });
  rmSync(join(statics, 'index.html'), { force: true });
  writeFileSync(join(out, 'guts_dashboard/default_policy.yaml'), defaultPolicy());
}

const [app = 'dist/dashboard', out = 'dist/horizon'] = process.argv.slice(2);
buildHorizon(resolve(root, app), resolve(root, out));
