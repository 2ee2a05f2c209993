import { describe, expect, test } from 'vitest';
import { compileBootPattern } from './boot-pattern.ts';
import type { GutsError } from './errors.ts';

describe('a boot pattern', () => {
  test('is matched as it is written', () => {
    expect(compileBootPattern(String.raw`login: ?$`).test('web login:')).toBe(true);
    expect(compileBootPattern(String.raw`^\p{Lu}öt$`).test('Čöt')).toBe(true);
  });
  test.for([
    ['login (', /no regular expression/, /backslash/],
    [String.raw`login\:`, /no regular expression/, /backslash/],
    ['', /is empty/, /Leave it out/],
    ['a'.repeat(501), /501 characters/, /at most 500/],
  ] as const)('%s is refused with what to do', ([text, message, remedy]) => {
    const refused = expect.objectContaining({
      code: 'bad_request',
      field: 'body.x',
      message: expect.stringMatching(message) as string,
      remedy: expect.stringMatching(remedy) as string,
    }) as GutsError;
    expect(() => compileBootPattern(text, 'body.x')).toThrow(refused);
  });
});
