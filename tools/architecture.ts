/**
 * The house's one table of allowed imports, and the check that holds it (run by `npm run lint`).
 *
 * A package may import itself by relative path, Node's own modules, the third-party packages its package.json
 * lists, and the `@guts/*` packages of its row. Nothing reaches another package's files by path.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Package folder → the `@guts/*` packages it may import. `app`, the composition root, may import them all. */
export const ALLOWED_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  'packages/core': [],
  'packages/vsphere': [],
  'packages/openstack': [],
  'packages/disk': [],
  'packages/contract': ['core'],
  'packages/store': ['core'],
  'packages/bus': ['core'],
  'packages/scheduler': ['core'],
  'packages/worker': ['core'],
  'packages/driver-vsphere': ['core', 'vsphere', 'disk'],
  'packages/driver-openstack': ['core', 'openstack', 'disk'],
  'packages/api': ['contract', 'core'],
  'packages/cli': ['contract'],
  'packages/dashboard': ['contract'],
  'packages/app': [
    'api',
    'bus',
    'cli',
    'contract',
    'core',
    'disk',
    'driver-openstack',
    'driver-vsphere',
    'openstack',
    'scheduler',
    'store',
    'vsphere',
    'worker',
  ],
  'lab/vcenter': [],
  'lab/cloud': [],
};

/** Packages that a test (`*.test.ts`, `test/`) may use beside its own package's row: fakes are peers, not parts. */
const TEST_ONLY = ['lab-vcenter', 'lab-cloud', 'store', 'bus'];
const TEST_TOOLS = ['vitest', 'fast-check', 'undici', 'typebox'];

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    if (name === 'node_modules' || name === 'dist') return [];
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sources(path);
    return /\.tsx?$/.test(name) ? [path] : [];
  });
}

function imports(text: string): string[] {
  const found = text.matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\()\s*['"]([^'"]+)['"]/g);
  return [...found].map((match) => match[1] ?? '');
}

/** Checks one package folder; returns one line per forbidden import. */
export function violations(folder: string): string[] {
  const allowed = ALLOWED_IMPORTS[folder];
  if (!allowed) return [`${folder}: not in the table of tools/architecture.ts`];
  const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
    devDependencies?: Record<string, string>;
  };
  const listed = Object.keys(manifest.dependencies ?? {});
  const forTests = [...TEST_TOOLS, ...Object.keys(manifest.devDependencies ?? {})];
  const bad = listed
    .filter((name) => name.startsWith('@guts/') && !allowed.includes(name.slice('@guts/'.length)))
    .map((name) => `${folder}/package.json: may not depend on ${name}`);
  for (const file of sources(join(root, folder))) {
    const isTest = /\.test\.ts$|\/test\//.test(file);
    for (const name of imports(readFileSync(file, 'utf8'))) {
      const where = `${relative(root, file)}: import of '${name}'`;
      if (name.startsWith('.')) {
        const target = relative(join(root, folder), resolve(dirname(file), name));
        // The checker is nobody's part: it judges what the parts did.
        const checker = join(root, 'lab/checker/src/');
        if (isTest && resolve(dirname(file), name).startsWith(checker)) continue;
        if (target.startsWith('..')) bad.push(`${where} leaves the package`);
        continue;
      }
      if (name.startsWith('node:')) continue;
      if (builtinModules.includes(name)) {
        bad.push(`${where}: write node:${name}`);
        continue;
      }
      const parts = name.split('/');
      const pkg = name.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
      if (pkg.startsWith('@guts/')) {
        const short = pkg.slice('@guts/'.length);
        if (!allowed.includes(short) && !(isTest && TEST_ONLY.includes(short)))
          bad.push(`${where} is not in its row of the table`);
      } else if (!listed.includes(pkg) && !(isTest && forTests.includes(pkg))) {
        bad.push(`${where} is not in ${folder}/package.json`);
      }
    }
  }
  return bad;
}

/** Every package folder of the workspace. */
export function packageFolders(): string[] {
  return [...readdirSync(join(root, 'packages')).map((n) => `packages/${n}`), 'lab/vcenter', 'lab/cloud'];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const bad = packageFolders().flatMap(violations);
  for (const line of bad) console.error(line);
  if (bad.length > 0) process.exitCode = 1;
  else console.log('imports: every package keeps to its row');
}
