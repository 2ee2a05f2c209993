import { readFile } from 'node:fs/promises';
import { UsageError } from './context.ts';

async function contentOf(path: string, what: string): Promise<string> {
  if (path === '-') return (await import('node:stream/consumers')).text(process.stdin);
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${what} cannot be read: ${(error as Error).message}`);
  }
}

/**
 * Reads a map from a file of YAML or JSON, or from standard input (`-`).
 * @param what the file is, for errors; @param like what one of its lines looks like
 * @throws UsageError, which shows nothing of the file: it may hold a secret
 */
export async function readMapFile(
  path: string,
  { what, like }: { readonly what: string; readonly like: string },
): Promise<Record<string, unknown>> {
  const name = path === '-' ? 'standard input' : path;
  const content = await contentOf(path, what);
  // Loaded only here: reading YAML would be a good part of every start.
  const { parsePrivateYaml, PrivateYamlError } = await import('./private-yaml.ts');
  let map: unknown;
  try {
    map = parsePrivateYaml(content);
  } catch (error) {
    if (error instanceof PrivateYamlError) throw new UsageError(`${name}: ${error.message}`);
    throw error;
  }
  if (typeof map !== 'object' || map === null || Array.isArray(map))
    throw new UsageError(`${name} must hold a mapping, like "${like}"`);
  return map as Record<string, unknown>;
}
