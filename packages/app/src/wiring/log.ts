import type { Log } from '@guts/core';
import { pino } from 'pino';

/** JSON lines on standard error; whatever looks like a secret is masked wherever it is nested one level deep. */
export function createLog(level: string, binary: string): Log {
  const secret = ['password', 'secret', 'token', '*.password', '*.secret', '*.token', '*["x-auth-token"]'];
  return pino({ level, base: { binary }, redact: { paths: secret, censor: '***' } }, pino.destination(2));
}
