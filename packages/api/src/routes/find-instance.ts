import { type Endpoint, GutsError, type Instance } from '@guts/core';
import type { ApiParts } from '../api-parts.ts';

const CANDIDATES = 20;

/**
 * The instance that a person means: by ref or exact name, else by path, in the inventory as last refreshed.
 * @throws GutsError `not_found`, or `ambiguous` with the candidates
 */
export async function findInstance(parts: ApiParts, source: Endpoint, text: string): Promise<Instance> {
  const { store } = parts;
  const byRef = await store.getInventory(source.id, 'instance', text);
  const byName = await store.listInventory(source.id, 'instance', { limit: CANDIDATES, name: text });
  // A machine may be named like another one's ref: then nobody can tell which one is meant.
  const rows = byRef ? [byRef, ...byName.filter((row) => row.ref !== byRef.ref)] : byName;
  const named = rows.map((row) => row.data as Instance);
  const found = named.length > 0 ? named : await byPath(parts, source, text);
  const [first] = found;
  if (first && found.length === 1) return first;
  if (first)
    throw new GutsError('ambiguous', `${found.length} instances are called "${text}", by name or by ref`, {
      field: 'body.instance',
      remedy: `Give the path or the ref of one: ${found.map((one) => `${one.path} (${one.ref})`).join(', ')}.`,
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
