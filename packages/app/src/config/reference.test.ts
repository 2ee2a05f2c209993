import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { OTHER_VARIABLES, TEST_VARIABLES } from './environment.ts';
import { loadConfig } from './load.ts';
import { referenceFile, referencePage } from './reference.ts';
import { variableOf } from './setting.ts';
import { LISTED } from './settings.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');

test('docs/configuration.md and deploy/guts.yaml are what the settings say: npx vitest run -u packages/app/src/config', async () => {
  await expect(referencePage()).toMatchFileSnapshot(join(ROOT, 'docs/configuration.md'));
  await expect(referenceFile()).toMatchFileSnapshot(join(ROOT, 'deploy/guts.yaml'));
});

test('the sample says what is so anyway as it stands, and is valid with everything in it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'guts-reference-'));
  try {
    const path = join(folder, 'guts.yaml');
    const env = { HOME: '/home/x' };
    writeFileSync(path, referenceFile());
    expect(loadConfig(path, env)).toEqual(loadConfig(null, env));
    const names = LISTED.map(({ setting }) => setting.name);
    const live = referenceFile()
      .split('\n')
      .map((line) => (/^#( {2}|[a-z_]+:)/.test(line) ? line.slice(1) : line))
      .join('\n');
    writeFileSync(path, live);
    expect(() => loadConfig(path, env)).not.toThrow();
    for (const name of names) expect(live).toMatch(new RegExp(`^${name}: \\S`, 'm'));
    expect(loadConfig(path, env).limits.overrides).toEqual({ 'host:SOURCE-ID:host-12': 4 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : sources(path);
    return /(?<!\.test)\.ts$/.test(entry.name) ? [path] : [];
  });
}

test('every environment variable that our code reads is a setting or in the list of the others', () => {
  const known = new Set([
    ...LISTED.map(({ setting }) => variableOf(setting)),
    ...OTHER_VARIABLES.map(({ name }) => name),
    ...TEST_VARIABLES,
  ]);
  const packages = readdirSync(join(ROOT, 'packages'));
  const read = packages
    .flatMap((name) => sources(join(ROOT, 'packages', name, 'src')))
    .flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/env\['(GUTS_[A-Z_]+)'\]/g)])
    .map(([, name = '']) => name);
  expect(read).toContain('GUTS_CONFIG');
  expect(read.filter((name) => !known.has(name))).toEqual([]);
});
