import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../dialect.ts';

/** By what a list goes: a column, and where that is equal a second one, each pair of values once. */
export type Order = readonly [column: string, tie: string];

/** The columns of a sort key: those made later have the higher sequence, which is an index anyway. */
export function orderOf(sort: { readonly key: string } | undefined): Order {
  return [sort === undefined || sort.key === 'created_at' ? 'sequence' : sort.key, 'sequence'];
}

/**
 * A page of a list after a marker. Asked as one range of an index after the other (what is equal to the marker's row,
 * then what comes after it), for no other form is read from the index by every database.
 * @param marker finds the marker's row; undefined: from the start. When the row is gone, nothing comes
 * @param read what holds besides, in the list's order, so many at most
 */
export async function readPage<Row>(
  db: Db,
  list: {
    readonly table: string;
    readonly order: Order;
    readonly descending: boolean;
    readonly limit: number;
  },
  marker: RawBuilder<boolean> | undefined,
  read: (besides: RawBuilder<boolean> | null, limit: number) => Promise<Row[]>,
): Promise<Row[]> {
  const { table, descending, limit } = list;
  const [column, tie] = list.order;
  if (marker === undefined) return read(null, limit);
  const { rows } = await sql<{
    value: unknown;
    tie: unknown;
  }>`select ${sql.ref(column)} as value, ${sql.ref(tie)} as tie from ${sql.table(table)} where ${marker}`.execute(
    db,
  );
  const [place] = rows;
  if (!place) return [];
  const later = sql.raw(descending ? '<' : '>');
  const afterTie = sql<boolean>`${sql.ref(tie)} ${later} ${place.tie}`;
  if (column === tie) return read(afterTie, limit);
  const equal = await read(sql<boolean>`${sql.ref(column)} = ${place.value} and ${afterTie}`, limit);
  if (equal.length >= limit) return equal;
  const after = sql<boolean>`${sql.ref(column)} ${later} ${place.value}`;
  return [...equal, ...(await read(after, limit - equal.length))];
}
