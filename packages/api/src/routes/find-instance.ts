import { type Endpoint, GutsError, type Instance } from '@guts/core';
import type { ApiParts } from '../api-parts.ts';

const CANDIDATES = 20;

/**
 * The instance that a person means: by ref, else by its exact name or path, in the inventory as last refreshed.
 * @throws GutsError `not_found`, or `ambiguous` with the candidates
 */
export async function findInstance(parts: ApiParts, source: Endpoint, text: string): Promise<Instance> {
  const { store } = parts;
  const byRef = await store.getInventory(source.id, 'instance', text);
  if (byRef) return byRef.data as Instance;
  const byName = await store.listInventory(source.id, 'instance', { limit: CANDIDATES, name: text });
  const named = byName.map((row) => row.data as Instance);
  const found = named.length > 0 ? named : await byPath(parts, source, text);
  const [first] = found;
  if (first && found.length === 1) return first;
  if (first)
    throw new GutsError('ambiguous', `${found.length} instances are called "${text}"`, {
      field: 'body.instance',
      remedy: `Give the ref or the path instead: ${found.map((one) => `${one.ref} (${one.path})`).join(', ')}.`,
      details: { candidates: found.map(({ ref, path }) => ({ ref, path })) },
    });
  throw new GutsError('not_found', `source "${source.name}" has no instance "${text}"`, {
    field: 'body.instance',
    remedy:
      source.refreshedAt === null
        ? 'Its inventory was never read: refresh the source first (guts source refresh).'
        : 'Refresh the source if the instance is new; names are compared exactly.',
  });
}

async function byPath({ store }: ApiParts, source: Endpoint, text: string): Promise<Instance[]> {
  if (!text.includes('/')) return [];
  const rows = await store.listInventory(source.id, 'instance', { limit: 1000, search: text });
  return rows.map((row) => row.data as Instance).filter((one) => one.path === text);
}
