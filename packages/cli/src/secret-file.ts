import { readFile } from 'node:fs/promises';
import { UsageError } from './context.ts';

async function contentOf(path: string): Promise<string> {
  if (path === '-') return (await import('node:stream/consumers')).text(process.stdin);
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`the secret file cannot be read: ${(error as Error).message}`);
  }
}

/**
 * Secrets come from files or standard input, never from arguments, which other users of the host see.
 * @throws UsageError, which shows nothing of the file
 */
export async function readSecretFile(path: string): Promise<Record<string, unknown>> {
  const name = path === '-' ? 'standard input' : path;
  const content = await contentOf(path);
  // Loaded only here: reading YAML would be a good part of every start.
  const { parsePrivateYaml, PrivateYamlError } = await import('./private-yaml.ts');
  let secret: unknown;
  try {
    secret = parsePrivateYaml(content);
  } catch (error) {
    if (error instanceof PrivateYamlError) throw new UsageError(`${name}: ${error.message}`);
    throw error;
  }
  if (typeof secret !== 'object' || secret === null || Array.isArray(secret))
    throw new UsageError(`${name} must hold a mapping, like "password: …"`);
  return secret as Record<string, unknown>;
}
