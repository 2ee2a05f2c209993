import { readMapFile } from './map-file.ts';

/**
 * Secrets come from files or standard input, never from arguments, which other users of the host see.
 * @throws UsageError, which shows nothing of the file
 */
export function readSecretFile(path: string): Promise<Record<string, unknown>> {
  return readMapFile(path, { what: 'the secret file', like: 'password: …' });
}
