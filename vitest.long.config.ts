import { defineConfig } from 'vitest/config';

/** `npm run test:long`: what takes too long for `npm test`, and needs nothing more. CI runs both. */
export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.long.ts'],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    pool: 'forks',
    globalSetup: 'tools/build-for-tests.ts',
  },
});
