import fc from 'fast-check';

/** Texts that somebody's code somewhere takes for something else than a text. */
export const ODD_TEXTS: readonly string[] = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\n',
  'line\nline',
  '\r\n',
  '\t',
  '\u007f',
  '\u0085',
  '\u2028',
  '\ufeff',
  '\ufffe',
  '\uffff',
  '\ud800',
  'a\udc00b',
  '😀',
  '👨‍👩‍👧‍👦',
  'é',
  'e\u0301',
  'İ',
  'ß',
  '\u202egnirts',
  "'",
  "' or '1'='1",
  '"',
  '\\',
  '%',
  '_',
  '%%%',
  '!',
  '!%',
  ';--',
  '`',
  '$(id)',
  '${x}',
  '{{x}}',
  '<script>',
  '/',
  '//',
  '.',
  '..',
  '../..',
  '../../etc/passwd',
  '%2f',
  '%00',
  '%zz',
  '?',
  '#',
  '&',
  '=',
  '+',
  '*',
  ',',
  ':',
  ':desc',
  'name:desc:asc',
  '-',
  '-1',
  '0',
  '1',
  '00',
  '1.5',
  '1e3',
  '1e999',
  '0x10',
  'NaN',
  'Infinity',
  'null',
  'undefined',
  'true',
  'false',
  '[]',
  '{}',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'length',
  '9007199254740993',
  '999999999999999',
  '99999999999999999999',
  '2016-12-31T23:59:60Z',
  'x'.repeat(64),
  'x'.repeat(65),
  'x'.repeat(255),
  'x'.repeat(256),
  '😀'.repeat(255),
  'x'.repeat(2000),
  'x'.repeat(2001),
  'é'.repeat(5000),
];

/** Moments that RFC 3339 allows, and some that look like it. */
export const MOMENTS: readonly string[] = [
  '2026-01-01T00:00:00Z',
  '2026-01-01T00:00:00.123456789Z',
  '2026-01-01T00:00:00+14:00',
  '2026-01-01T00:00:00-23:59',
  '2026-01-01t00:00:00z',
  '2026-01-01 00:00:00Z',
  '2016-12-31T23:59:60Z',
  '2016-12-31T23:59:60.5Z',
  '2017-01-01T00:59:60+01:00',
  '0000-01-01T00:00:00Z',
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '1969-12-31T23:59:59.999Z',
  '2024-02-29T00:00:00Z',
  '2023-02-29T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01',
  '2026-01-01T00:00:00',
  '2026-01-01T00:00Z',
  '20260101T000000Z',
  '2026-01-01T00:00:00,5Z',
  '2026-01-01T00:00:00+25:00',
  '2026-01-01T00:00:00+0100',
  '+12026-01-01T00:00:00Z',
];

export const oddText: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...ODD_TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
);

const NUMBERS: readonly number[] = [
  0,
  -0,
  -1,
  1,
  0.5,
  -0.000001,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  -(2 ** 53),
  2 ** 63,
  1e21,
  1e300,
  Number.MAX_VALUE,
  5e-324,
];

/** An object with one field, own even when it is called `__proto__`. */
export function withField(object: object, key: string, value: unknown): Record<string, unknown> {
  const copy = Object.fromEntries(Object.entries(object)) as Record<string, unknown>;
  Object.defineProperty(copy, key, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}

/** A value in so many arrays or objects. */
function nested(depth: number, object: boolean): unknown {
  let value: unknown = 1;
  for (let n = 0; n < depth; n += 1) value = object ? { a: value } : [value];
  return value;
}

/** Any JSON. */
export const oddJson: fc.Arbitrary<unknown> = fc.oneof(
  oddText,
  fc.constantFrom<unknown>(...NUMBERS),
  fc.constantFrom<unknown>(null, true, false, [], {}, [null], [[]], { '': null }, [{}]),
  fc.array(oddText, { maxLength: 4 }),
  fc.tuple(oddText, oddText).map(([key, value]) => withField({}, key, value)),
  fc.tuple(fc.constantFrom(10, 60, 200), fc.boolean()).map(([depth, object]) => nested(depth, object)),
  fc.jsonValue({ maxDepth: 3 }),
);

/** JSON so deep that who walks it by recursion runs out of stack. */
export const ABYSSES: readonly string[] = [
  '['.repeat(100_000) + ']'.repeat(100_000),
  '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000),
  '['.repeat(5000) + ']'.repeat(5000),
];
