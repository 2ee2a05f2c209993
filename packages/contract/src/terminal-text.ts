/**
 * Escape sequences of terminals (ECMA-48, ISO 2022): command strings with what they hold as far as they end on their
 * line, control sequences, and all shorter ones. No part can begin where another one goes on, so that a text is read
 * once, whatever is in it.
 */
const SEQUENCES = new RegExp(
  [
    String.raw`(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x00-\x1f\x7f-\x9f]*(?:\x07|\x1b\\|\x9c)`,
    String.raw`(?:\x1b\[|\x9b)[0-?]*[ -\/]*[@-~]`,
    String.raw`\x1b[ -\/]*[0-~]`,
  ].join('|'),
  'gu',
);

/**
 * What a program wrote to a terminal as text that is safe to show on another one: without escape sequences and
 * control characters but tabs and line ends; a carriage return alone ends a line, too.
 */
export function plainText(text: string): string {
  return text
    .replaceAll(SEQUENCES, '')
    .replaceAll(/\r*\n|\r+/g, '\n')
    .replaceAll(/[^\P{Control}\n\t]/gu, '');
}
