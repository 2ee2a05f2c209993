import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isShare, mountOptions } from './mount-options.ts';

const ALWAYS = 'nosuid,nodev,noexec';

test.for([
  ['', ALWAYS],
  ['-o vers=4.1,nolock', `vers=4.1,nolock,${ALWAYS}`],
  ['sec=krb5p:sys, hard ,timeo=600', `sec=krb5p:sys,hard,timeo=600,${ALWAYS}`],
  ['nosuid,rw', `rw,${ALWAYS}`],
] as const)('%j is %j', ([text, options]) => {
  expect(mountOptions(text)).toEqual({ options });
});

test.for([
  'suid',
  'dev',
  'exec',
  'bind',
  'vers=9',
  'context=x',
  'remount',
  'user',
  'nolock=1',
  'toString',
  '-o',
  'vers=4 -o suid',
])('%j is refused', (text) => {
  expect(mountOptions(`hard,${text}`)).toEqual({ refused: text });
});

test('whatever a cloud says, nothing but what is allowed comes through', () => {
  const outcome = fc.check(
    fc.property(fc.string(), (text) => {
      const got = mountOptions(text);
      return 'refused' in got || /^([a-z_]+(=[\w.:]+)?,)*nosuid,nodev,noexec$/.test(got.options);
    }),
    { numRuns: 300, seed: 1 },
  );
  expect(outcome.counterexample).toBeNull();
});

describe('a share', () => {
  test.for(['10.0.0.5:/volumes', 'nfs.example.org:/a/b', '[fd00::1]:/v'])('is %s', (share) => {
    expect(isShare(share)).toBe(true);
  });
  test.for(['-o:/x', '/etc', 'host:relative', 'host:/a b', 'host:/a\\040b', 'host:/a,b', '', ':/x'])(
    'is not %j',
    (share) => {
      expect(isShare(share)).toBe(false);
    },
  );
});
