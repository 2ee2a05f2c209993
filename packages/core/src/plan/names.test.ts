import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diskName, serverName, validName } from './names.ts';

test.for([
  ['web 01', 'web 01'],
  ['Ünï/cödé "100%" \\ 東京', 'Ünï/cödé "100%" \\ 東京'],
  ['web 🚀', 'web'],
  ['web 🚀 prod', 'web prod'],
  ['a👩‍💻b', 'ab'],
  ['🛡️ vault', 'vault'],
  ['❤️ kept', '❤️ kept'],
  ['  padded\u3000', 'padded'],
  ['tab\tand\r\nline\u2028s', 'tab and line s'],
  ['\u0000bell\u0007\ufeff\ud800', 'bell'],
] as const)('%j becomes %j', ([name, valid]) => {
  expect(validName(name)).toBe(valid);
});

test('whatever a name is, its valid form is one, and stays as it is', () => {
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ maxLength: 300 }));
  fc.assert(
    fc.property(text, fc.oneof(fc.constant(''), text), (name, role) => {
      const valid = validName(name, role);
      expect(Array.from(valid).length).toBeLessThanOrEqual(255);
      expect(valid).toMatch(/^(?!\p{Zs})[^\p{C}\p{Zl}\p{Zp}\u{10000}-\u{10ffff}]*(?<!\p{Zs})$/u);
      expect(validName(valid)).toBe(valid);
    }),
  );
});

test('a long name keeps the end that tells the disks apart', () => {
  const name = 'x'.repeat(254);
  expect(diskName(name, { boot: true, label: 'Hard disk 1' })).toBe(name);
  const second = diskName(name, { boot: false, label: 'Hard disk 2' });
  expect(second).toHaveLength(255);
  expect(second.endsWith('x Hard disk 2')).toBe(true);
});

test('a name of which nothing is left is replaced', () => {
  expect(serverName('web', 'vm-1')).toBe('web');
  expect(serverName('🚀', 'vm-1')).toBe('vm-1');
  expect(serverName('🚀', '🚀')).toBe('server');
});
