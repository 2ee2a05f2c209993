import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { parse } from 'yaml';
import { UsageError } from './context.ts';

/** Secrets come from files or standard input, never from arguments, which other users of the host see. */
export async function readSecretFile(path: string): Promise<Record<string, unknown>> {
  const content = path === '-' ? await readAll(process.stdin) : await readFile(path, 'utf8');
  const secret: unknown = parse(content);
  if (typeof secret !== 'object' || secret === null || Array.isArray(secret))
    throw new UsageError(`${path === '-' ? 'standard input' : path} must hold a mapping, like "password: …"`);
  return secret as Record<string, unknown>;
}
