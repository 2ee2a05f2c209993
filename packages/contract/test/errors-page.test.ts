import { ERROR_CODES } from '@guts/core';
import { expect, test } from 'vitest';
import { ERROR_CATALOGUE } from '../src/error-catalogue.ts';
import { errorsPage } from './errors-page.ts';

test('docs/errors.md is made from the catalogue (vitest -u writes it anew)', async () => {
  await expect(errorsPage()).toMatchFileSnapshot('../../../docs/errors.md');
});

test('the catalogue says of every code, and of no other, what it means and what to do', () => {
  expect(Object.keys(ERROR_CATALOGUE).toSorted()).toEqual(Object.keys(ERROR_CODES).toSorted());
  for (const { meaning, remedy } of Object.values(ERROR_CATALOGUE))
    for (const text of [meaning, remedy]) expect(text).toMatch(/^[A-Z`].*[.]$/);
});
