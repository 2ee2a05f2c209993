import { expect, test } from 'vitest';
import { preflightPage } from './preflight-page.ts';

test('docs/preflight.md is made from the rules (vitest -u writes it anew)', async () => {
  await expect(preflightPage()).toMatchFileSnapshot('../../../docs/preflight.md');
});
