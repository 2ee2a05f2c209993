import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inCidr, isKeepable, parseAddress } from './address.ts';

test('every IPv4 address parses to its number and lies in its own prefixes', () => {
  fc.assert(
    fc.property(fc.nat(0xffffffff), fc.integer({ min: 0, max: 32 }), (value, prefix) => {
      const text = [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
      expect(parseAddress(text)).toEqual({ version: 4, value: BigInt(value) });
      expect(inCidr(text, `${text}/${prefix}`)).toBe(true);
    }),
  );
});

test('IPv6 texts, whole and shortened, parse to the same number', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const parsed = parseAddress(text);
      expect(parsed?.version).toBe(6);
      expect(inCidr(text, `${text}/128`)).toBe(true);
    }),
  );
  expect(parseAddress('::ffff:1.2.3.4')?.value).toBe(0xffff01020304n);
  expect(parseAddress('2001:db8::1')).toEqual(parseAddress('2001:0db8:0:0:0:0:0:1'));
});

test.each(['', '1.2.3', '1.2.3.256', '01.2.3.4', ':::', '1::2::3', '12345::', 'fe80::1%eth0', 'a.b.c.d'])(
  '%j is no address',
  (text) => expect(parseAddress(text)).toBeNull(),
);

test('subnets hold their own and nobody else', () => {
  expect(inCidr('10.77.1.61', '10.77.1.0/24')).toBe(true);
  expect(inCidr('10.77.2.61', '10.77.1.0/24')).toBe(false);
  expect(inCidr('2001:db8::5', '10.77.1.0/24')).toBe(false);
  expect(inCidr('10.0.0.1', '10.0.0.0/33')).toBe(false);
  expect(isKeepable('fe80::250:56ff:feaa:1')).toBe(false);
  expect(isKeepable('169.254.3.4')).toBe(false);
  expect(isKeepable('10.1.2.3')).toBe(true);
});
