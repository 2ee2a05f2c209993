import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/{src,test}/**/*.test.ts', 'lab/*/{src,test}/**/*.test.ts', 'tools/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // No module of ours has state, so files may share what was imported: to import it anew for each took longer than
    // everything else but the waiting. CONTRIBUTING.md says what that asks of tests.
    isolate: false,
    globalSetup: 'tools/build-for-tests.ts',
    // Most tests wait for processes and timers of theirs: two cores are enough for three at once.
    maxWorkers: Math.max(3, availableParallelism() - 1),
  },
});
