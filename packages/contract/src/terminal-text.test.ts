import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainText } from './terminal-text.ts';

describe('the plain text of a terminal', () => {
  test.for([
    ['colours', '[\u001b[0;32m  OK  \u001b[0m] Reached target', '[  OK  ] Reached target'],
    ['cursor and screen', '\u001b[2J\u001b[1;1Hweb login: \u001b[?25l', 'web login: '],
    ['the title of a window', 'a\u001b]0;owned\u0007b\u001b]2;owned\u001b\\c', 'abc'],
    ['a link', '\u001b]8;;http://bad.example\u001b\\here\u001b]8;;\u001b\\', 'here'],
    ['a device control string', 'a\u001bP$q"p\u001b\\b', 'ab'],
    ['character sets and a reset', '\u001b(B\u001b)0\u001bcx\u001b7', 'x'],
    ['one-byte controls', 'a\u009b31mb\u009d0;t\u009cc\u0085d', 'abcd'],
    ['bells, backspaces, deletes', 'a\u0007b\bc\u007fd', 'abcd'],
    ['a string that does not end', 'a\u001b]0;rest\nnext', 'a0;rest\nnext'],
    ['a sequence that is cut off', 'end\u001b[12', 'end12'],
    ['a lone escape before a sequence', '\u001b\u001b[0m[31mred', '[31mred'],
    ['line ends', 'a\r\nb\r\r\nc\rd\n', 'a\nb\nc\nd\n'],
    ['what is no control', 'Grüße, Ω\t– 你好 🙂', 'Grüße, Ω\t– 你好 🙂'],
  ] as const)('has nothing of %s', ([, given, plain]) => {
    expect(plainText(given)).toBe(plain);
  });

  test('moves nothing on a terminal, whatever was written', () => {
    const unit = fc.constantFrom(...'\u001b[]P\\;0m\u0007\u009b\u009d\u009c\r\n\tx'.split(''));
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        expect(plainText(text)).toMatch(/^[^\p{Control}]*(?:[\n\t][^\p{Control}]*)*$/u);
      }),
    );
  });

  test.for(['\u001b', '\u001b]', '\u009d', '\u009b', '\u001b[1', '\r', '\u001b ', '\u001b[ '])(
    'is found in one go: %j again and again',
    (piece) => {
      const began = performance.now();
      plainText(piece.repeat(64 * 1024));
      expect(performance.now() - began).toBeLessThan(1000);
    },
  );
});
