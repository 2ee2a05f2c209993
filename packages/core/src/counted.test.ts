import { expect, test } from 'vitest';
import { counted } from './counted.ts';

test('one is one, and all else are many', () => {
  expect([0, 1, 2].map((count) => counted(count, 'port'))).toEqual(['0 ports', '1 port', '2 ports']);
});
