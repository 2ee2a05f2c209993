import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { GutsError, messageOf } from '@guts/core';

/** Reads the local token, or makes one (0600) when there is none. */
export function loadToken(path: string): string {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // `wx`: only one of several daemons that start together makes it.
    writeFileSync(path, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new GutsError('configuration', `token file ${path}: ${messageOf(error)}`, { cause: error });
  }
  const token = readFileSync(path, 'utf8').trim();
  if (token.length < 16) throw new GutsError('configuration', `token file ${path}: it holds no token`);
  return token;
}
