import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The binary `guts`, built from the sources as they are. */
    guts: string;
  }
}

/**
 * Tests that run `guts` as a process run a bundle: to compile the sources at every start takes seconds each. Not in
 * dist/, for what runs from there goes on meanwhile; in node_modules/, where it finds what it imports.
 */
export function setup(project: TestProject): void {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..');
  const folder = 'node_modules/.guts-tests';
  execFileSync(process.execPath, ['--import', 'tsx', 'tools/build.ts', folder], {
    cwd: root,
    stdio: 'inherit',
  });
  project.provide('guts', join(root, folder, 'guts.js'));
}
