import { SEALED_TABLES, type SealedRow, type SealedStore } from '@guts/core';
import { keyIdOf } from '../wiring/secrets.ts';

const PAGE = 200;

/** Everything sealed, or all that does not begin so. */
export async function* sealedRows(store: SealedStore, notBeginning?: string): AsyncGenerator<SealedRow> {
  const besides = notBeginning === undefined ? {} : { notBeginning };
  for (const table of SEALED_TABLES) {
    for (let after: SealedRow['key'] | null = null; ;) {
      const rows: readonly SealedRow[] = await store.listSealed(table, { ...besides, after, limit: PAGE });
      yield* rows;
      after = rows.at(-1)?.key ?? null;
      if (rows.length < PAGE) break;
    }
  }
}

/** How many secrets each key sealed, by its id; '?': none of ours. Digests of repeatable requests are counted apart. */
export interface Census {
  readonly secrets: ReadonlyMap<string, number>;
  readonly digests: ReadonlyMap<string, number>;
}

export async function takeCensus(store: SealedStore): Promise<Census> {
  const secrets = new Map<string, number>();
  const digests = new Map<string, number>();
  for await (const { table, sealed } of sealedRows(store)) {
    const counts = table === 'endpoints' ? secrets : digests;
    const id = keyIdOf(sealed) ?? '?';
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return { secrets, digests };
}

export const usesOf = ({ secrets, digests }: Census, id: string): number =>
  (secrets.get(id) ?? 0) + (digests.get(id) ?? 0);

/** Keys that sealed something and are not among these. */
export function lackingKeys({ secrets, digests }: Census, known: readonly string[]): string[] {
  return [...new Set([...secrets.keys(), ...digests.keys()])].filter((id) => !known.includes(id)).toSorted();
}
