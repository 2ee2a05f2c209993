/**
 * Bundles the binary `guts` into dist/, or the folder that is given: our packages inside, third-party packages left to
 * node_modules, but for those of many small files, each of which takes its time to be found and read. Beside it, in
 * dashboard/, the web app.
 */
import { cpSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type Plugin } from 'esbuild';
import { buildDashboard } from './build-dashboard.ts';
import { callableContract } from './callable-contract.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Every start needs Commander; what works on migrations would load 680 files of TypeBox and 260 of Kysely. */
const BUNDLED = /^(?:commander|kysely|prom-client|typebox|undici|yaml)(?:\/|$)/;

const thirdPartyStaysOutside: Plugin = {
  name: 'third-party-stays-outside',
  setup(context) {
    context.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'entry-point' || path.startsWith('@guts/') || BUNDLED.test(path)
        ? null
        : { path, external: true },
    );
  },
};

/** See {@link callableContract}. */
const clientWithoutSchemas: Plugin = {
  name: 'client-without-schemas',
  setup(context) {
    context.onResolve({ filter: /^@guts\/contract$/ }, ({ importer }) =>
      importer.startsWith(join(root, 'packages/cli/'))
        ? { path: 'contract-for-clients', namespace: 'callable' }
        : null,
    );
    context.onLoad({ filter: /.*/, namespace: 'callable' }, () => ({
      contents: callableContract(),
      resolveDir: join(root, 'packages/app'),
    }));
  },
};

const folder = resolve(root, process.argv[2] ?? 'dist');
rmSync(folder, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: {
    guts: join(root, 'packages/app/src/main.ts'),
    'chunk-thread': join(root, 'packages/disk/src/copy/threads/thread.ts'),
  },
  outdir: folder,
  bundle: true,
  splitting: true,
  metafile: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.20',
  sourcemap: 'linked',
  logLevel: 'warning',
  // Commander requires Node's modules.
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
  },
  plugins: [clientWithoutSchemas, thirdPartyStaysOutside],
});

// Run by a Python of its own, and by threads of their own.
for (const file of [
  'driver-openstack/src/brick/guts_brick.py',
  'disk/src/threads/inflate-thread.js',
  'disk/src/threads/sha512-thread.js',
])
  cpSync(join(root, 'packages', file), join(folder, basename(file)));

/** The package of other people's that a file is of. */
const packageOf = (path: string): string | undefined =>
  /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];

/** What the files that a start loads have of other people's, bundled or not. */
function loadedAtStart(outputs: Metafile['outputs'], file: string, seen = new Set<string>()): string[] {
  const output = outputs[file];
  if (seen.has(file) || !output) return [];
  seen.add(file);
  const bundled = Object.keys(output.inputs).flatMap((path) => packageOf(path) ?? []);
  const imports = output.imports.filter(({ kind }) => kind === 'import-statement');
  const imported = imports.flatMap(({ path, external }) => {
    if (external) return path.startsWith('node:') ? [] : [path];
    return loadedAtStart(outputs, path, seen);
  });
  return [...bundled, ...imported].filter((name) => name !== 'commander');
}

const heavy = [...new Set(loadedAtStart(metafile.outputs, relative(root, join(folder, 'guts.js'))))];
if (heavy.length > 0)
  throw new Error(`every start of guts would load ${heavy.join(', ')}: import it where it is used`);

await buildDashboard(root, join(folder, 'dashboard'));
