import { expect, test } from 'vitest';
import { API_VERSIONS, atLeast, MAX_VERSION, MIN_VERSION } from '../src/versions.ts';
import { historyPage } from './history-page.ts';

test('docs/api-history.md is made from the list of versions (vitest -u writes it anew)', async () => {
  await expect(historyPage()).toMatchFileSnapshot('../../../docs/api-history.md');
});

test('versions go up one by one, from the lowest to the highest', () => {
  expect(API_VERSIONS.map(({ version }) => version)).toEqual(API_VERSIONS.map((_, index) => `1.${index}`));
  expect([API_VERSIONS[0].version, API_VERSIONS.at(-1)?.version]).toEqual([MIN_VERSION, MAX_VERSION]);
  expect([atLeast('1.1', '1.0'), atLeast('1.1', '1.1'), atLeast('1.0', '1.1')]).toEqual([true, true, false]);
});
