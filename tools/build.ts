/** Bundles the binary `guts` into dist/: our packages inside, third-party packages left to node_modules. */
import { rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

const thirdPartyStaysOutside: Plugin = {
  name: 'third-party-stays-outside',
  setup(context) {
    context.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'entry-point' || path.startsWith('@guts/') ? null : { path, external: true },
    );
  },
};

rmSync(join(root, 'dist'), { recursive: true, force: true });
await build({
  entryPoints: { guts: join(root, 'packages/app/src/main.ts') },
  outdir: join(root, 'dist'),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.20',
  sourcemap: 'linked',
  logLevel: 'warning',
  plugins: [thirdPartyStaysOutside],
});
