import fc from 'fast-check';
import { expect, test } from 'vitest';
import { maskAddress } from './mask.ts';

test.each([
  ['postgresql://guts@db/guts', 'postgresql://guts@db/guts'],
  [
    'postgresql://guts:hunter2@db:5432/guts?sslmode=require',
    'postgresql://guts:***@db:5432/guts?sslmode=require',
  ],
  ['postgresql://guts:hun/t@er2@db/guts', 'postgresql://guts:***@db/guts'],
  [
    'postgresql://guts@db/guts?password=hunter2&sslmode=require',
    'postgresql://guts@db/guts?password=***&sslmode=require',
  ],
  ['amqp://:hunter2@mq', 'amqp://:***@mq'],
  ['sqlite:///var/lib/guts/guts.sqlite', 'sqlite:///var/lib/guts/guts.sqlite'],
  ['local:', 'local:'],
])('%s', (address, shown) => expect(maskAddress(address)).toBe(shown));

test('no password is shown, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 4 }), (tail) => {
      const password = `hunter2${tail}`;
      expect(maskAddress(`amqp://guts:${password}@mq.example.org/v`)).not.toContain('hunter2');
    }),
  );
});
