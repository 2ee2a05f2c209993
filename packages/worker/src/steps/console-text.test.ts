import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CONSOLE_BYTES, keptConsole } from './console-text.ts';

describe('what is kept of a console', () => {
  test('is all of it, with its escape sequences, while it is short', () => {
    const text = '\u001b[0;32mOK\u001b[0m\r\nweb login: ';
    expect(keptConsole(text)).toEqual({ text, truncated: false });
    expect(keptConsole('')).toEqual({ text: '', truncated: false });
  });
  test('has nothing that a database refuses', () => {
    expect(keptConsole('a\0b\0\0c \ud800 d').text).toBe('abc \ufffd d');
  });
  test('begins with a line when more was shown', () => {
    const line = `${'x'.repeat(99)}\n`;
    const { text, truncated } = keptConsole(`${line.repeat(1000)}login: `);
    expect(truncated).toBe(true);
    expect(text).toBe(`${line.repeat(655)}login: `);
  });
  test('begins right at the cut when a line begins there', () => {
    const end = `${'y'.repeat(CONSOLE_BYTES - 1)}\n`;
    expect(keptConsole(`first\n${end}`)).toEqual({ text: end, truncated: true });
  });
  test('of one endless line is its end, in whole characters', () => {
    const { text, truncated } = keptConsole(`x${'€'.repeat(CONSOLE_BYTES)}`);
    expect([truncated, /^€+$/.test(text)]).toEqual([true, true]);
    expect(keptConsole(`${'z'.repeat(2 * CONSOLE_BYTES)}\n`).text).toHaveLength(CONSOLE_BYTES);
  });
  test('is its end, never longer than allowed', () => {
    const unit = fc.constantFrom('\n', 'a', 'é', '€', '🙂');
    const piece = fc.string({ unit, minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(piece, fc.integer({ min: 1, max: 20_000 }), (some, times) => {
        const shown = some.repeat(times);
        const { text, truncated } = keptConsole(shown);
        expect(shown.endsWith(text)).toBe(true);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(CONSOLE_BYTES);
        expect(truncated).toBe(text.length < shown.length);
        expect(text).not.toBe('');
      }),
      { numRuns: 50 },
    );
  });
});
