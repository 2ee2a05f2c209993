import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Against real peers: one file at a time, one test at a time, for they share one cloud and two cores. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('.', import.meta.url)),
    include: ['**/*.real.ts'],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 120_000,
    pool: 'forks',
    reporters: ['verbose'],
  },
});
