/** The web app, bundled by Vite into files that any server can hand out. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import react from '@vitejs/plugin-react';
import { build, type HtmlTagDescriptor, type Plugin } from 'vite';
import { callableContract } from './callable-contract.ts';
import { keptBuild } from './kept-build.ts';

const CONTRACT = '@guts/contract';
const STANDS_FOR_CONTRACT = '\0callable-contract';

function contractWithoutSchemas(source: string): Plugin {
  return {
    name: 'contract-without-schemas',
    enforce: 'pre',
    resolveId: (id) => (id === CONTRACT ? STANDS_FOR_CONTRACT : null),
    load: (id) => (id === STANDS_FOR_CONTRACT ? source : null),
  };
}

/** What a page alone shows first, as it is imported: its style, and where most people begin. */
const FIRST = ['src/style/alone.ts', 'src/overview/Overview.tsx'];

/**
 * The page asks for what its first screen needs with itself, and not once its script has run. Of Horizon's page nothing
 * of this is true: it makes its own.
 */
function askedForAtOnce(): Plugin {
  return {
    name: 'asked-for-at-once',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle = {} }) {
        const chunks = Object.values(bundle).filter((file) => file.type === 'chunk');
        const files = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
        const tags: HtmlTagDescriptor[] = [];
        const asked = new Set<string>();
        const ask = (file: string, attrs: Record<string, string>): boolean => {
          if (asked.has(file) || html.includes(`./${file}"`)) return false;
          asked.add(file);
          const whole = { ...attrs, crossorigin: '', href: `./${file}` };
          tags.push({ tag: 'link', attrs: whole, injectTo: 'head' });
          return true;
        };
        const follow = (chunk: (typeof chunks)[number]): void => {
          for (const style of chunk.viteMetadata?.importedCss ?? []) ask(style, { rel: 'stylesheet' });
          if (!ask(chunk.fileName, { rel: 'modulepreload' })) return;
          for (const name of chunk.imports) {
            const next = files.get(name);
            if (next) follow(next);
          }
        };
        for (const source of FIRST) {
          const chunk = chunks.find(({ facadeModuleId }) => facadeModuleId?.endsWith(source) === true);
          if (!chunk) throw new Error(`nothing of the bundle begins with ${source}`);
          follow(chunk);
        }
        return tags;
      },
    },
  };
}

/** What a bundle is made from: the same digest gives the same files. */
function digestOf(root: string, contract: string): string {
  const hash = createHash('sha256').update(contract);
  const app = join(root, 'packages/dashboard');
  const files = readdirSync(app, { recursive: true, encoding: 'utf8' })
    .filter((name) => /^(?:src\/.*\.\w+|index\.html|package\.json)$/.test(name) && !name.endsWith('.test.ts'))
    .map((name) => join(app, name));
  const shared = [
    'package-lock.json',
    'packages/contract/src/client.ts',
    'packages/contract/src/terminal-text.ts',
    'packages/core/src/boot-pattern.ts',
    'packages/core/src/errors.ts',
    'tools/build-dashboard.ts',
  ].map((name) => join(root, name));
  for (const file of [...files.sort(), ...shared])
    hash.update(`\0${relative(root, file)}\0`).update(readFileSync(file));
  return hash.digest('hex').slice(0, 32);
}

/**
 * Bundles packages/dashboard into a folder. What was made of the same sources before is copied: every run of the tests
 * builds, and few changes are changes of the app.
 */
export async function buildDashboard(root: string, folder: string): Promise<void> {
  const contract = callableContract();
  const kept = join(root, 'node_modules/.guts-dashboard');
  await keptBuild(kept, digestOf(root, contract), folder, async (into) => {
    // Vite makes what this says, whatever mode it is given: vitest, which builds too, has `test`, and that is React for developers.
    const { NODE_ENV: ours } = process.env;
    process.env['NODE_ENV'] = 'production';
    await build({
      configFile: false,
      root: join(root, 'packages/dashboard'),
      // Wherever it is hosted: index.html has the address of the app's folder in its <base>.
      base: './',
      logLevel: 'warn',
      plugins: [contractWithoutSchemas(contract), react(), askedForAtOnce()],
      build: {
        outDir: into,
        emptyOutDir: true,
        manifest: true,
        target: 'es2022',
        // No `data:` in style sheets: the policy for contents names our own host alone.
        assetsInlineLimit: 0,
        // An inline script, which the policy for contents refuses; every browser that runs the app has the real thing.
        modulePreload: { polyfill: false },
        chunkSizeWarningLimit: 700,
        // Each file is a request: what all screens need is one, what many share another.
        rolldownOptions: {
          output: {
            codeSplitting: {
              groups: [
                // But for the page's own script: it is the entry, and waits for a style sheet.
                {
                  name: 'first',
                  tags: ['$initial'],
                  test: /(?<!index\.html|[\\/]src[\\/]main\.tsx)$/,
                  priority: 1,
                },
                { name: 'shared', minShareCount: 3 },
              ],
            },
          },
        },
      },
    }).finally(() => {
      if (ours === undefined) delete process.env['NODE_ENV'];
      else process.env['NODE_ENV'] = ours;
    });
  });
}
