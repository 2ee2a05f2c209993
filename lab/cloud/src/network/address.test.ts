import { isIP } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inRange, parseCidr, parseMac, toNumber, toText } from './address.ts';

test('every IPv4 and IPv6 address is written and read the same', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }), (number) => {
      expect(isIP(toText(number, 4))).toBe(4);
      expect(toNumber(toText(number, 4))).toBe(number);
    }),
  );
  const groups = fc.array(fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 65_535n })), {
    minLength: 8,
    maxLength: 8,
  });
  fc.assert(
    fc.property(groups, (parts) => {
      const number = parts.reduce((sum, part) => sum * 65_536n + part, 0n);
      const text = toText(number, 6);
      expect(isIP(text)).toBe(6);
      expect(toNumber(text)).toBe(number);
    }),
  );
});

test.each([
  ['2001:db8::1', '2001:db8::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['::ffff:10.0.0.1', '::ffff:a00:1'],
])('%s is written %s', (text, canonical) => {
  expect(toText(toNumber(text), 6)).toBe(canonical);
});

test('a network is from its first to its last address', () => {
  const range = parseCidr('10.1.2.0/30');
  expect(
    ['10.1.1.255', '10.1.2.0', '10.1.2.3', '10.1.2.4', '::a01:202'].map((one) => inRange(range, one)),
  ).toEqual([false, true, true, false, false]);
});

test.each(['10.0.0.0', '10.0.0.0/33', 'x/8', '10.0.0.0/', 'fe80::/129'])('%s is no network', (cidr) => {
  expect(() => parseCidr(cidr)).toThrow(/not a valid IP subnet/);
});

test('MAC addresses are written one way', () => {
  expect(parseMac('00-50-56-AB-cd-0F')).toBe('00:50:56:ab:cd:0f');
  for (const bad of ['', '00:50:56:ab:cd', '00:50:56:ab:cd:0g', '00:00:00:00:00:00'])
    expect(() => parseMac(bad)).toThrow(/not a valid MAC/);
});
