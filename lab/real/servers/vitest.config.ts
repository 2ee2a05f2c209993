import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The packages' suites against real databases and brokers, which scripts beside this start. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../../..', import.meta.url)),
    include: ['packages/*/test/real/*.real.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    pool: 'forks',
  },
});
