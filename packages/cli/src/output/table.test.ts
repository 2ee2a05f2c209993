import { expect, test } from 'vitest';
import { displayWidth, drawTable } from './table.ts';
import { formatBytes, formatSeconds } from './units.ts';

test('wide, combining and control characters keep the table straight', () => {
  const table = drawTable(
    ['name', 'n'],
    [
      ['日本', '1'],
      ['e\u0301', '22'],
      ['a\u001b[2Jb', ''],
    ],
  );
  const widths = new Set(table.split('\n').map(displayWidth));
  expect(widths.size).toBe(1);
  expect(table).toContain('a\\x1b[2Jb');
});

test('units', () => {
  expect([0, 1023, 1024, 1536, 2 ** 40, 150 * 2 ** 20].map(formatBytes)).toEqual([
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 KiB',
    '1.0 TiB',
    '150 MiB',
  ]);
  expect([0, 59.4, 60, 200, 7500].map(formatSeconds)).toEqual(['0s', '59s', '1m00s', '3m20s', '2h05m']);
});
