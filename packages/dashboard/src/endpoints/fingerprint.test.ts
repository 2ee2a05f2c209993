import { expect, test } from 'vitest';
import { fingerprintIn } from './fingerprint.ts';

const SHA256 = Array.from({ length: 32 }, (_, at) =>
  (at + 10).toString(16).toUpperCase().padStart(2, '0'),
).join(':');

test('a SHA-256 fingerprint is found, and nothing shorter', () => {
  expect(fingerprintIn(`It is "x" with SHA-256 fingerprint ${SHA256}.`)).toBe(SHA256);
  expect(fingerprintIn(SHA256.slice(0, 59))).toBeNull();
  expect(fingerprintIn(null)).toBeNull();
});
