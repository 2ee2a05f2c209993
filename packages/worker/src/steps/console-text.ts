import type { ConsoleText } from '@guts/core';

/** Of a console's text, from its end; bytes of UTF-8. */
export const CONSOLE_BYTES = 64 * 1024;

const LINE_FEED = 0x0a;
const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** What is kept of a console: its end, from the start of a line on, as every database can store it. */
export function keptConsole(shown: string): ConsoleText {
  // Half a surrogate pair becomes U+FFFD.
  const bytes = Buffer.from(shown.replaceAll('\0', ''));
  if (bytes.length <= CONSOLE_BYTES) return { text: bytes.toString(), truncated: false };
  let start = bytes.length - CONSOLE_BYTES;
  // The byte before may end a line: then it begins right here.
  const after = bytes.indexOf(LINE_FEED, start - 1) + 1;
  if (after > 0 && after < bytes.length) start = after;
  else while (isContinuation(bytes[start])) start += 1;
  return { text: bytes.toString('utf8', start), truncated: true };
}
