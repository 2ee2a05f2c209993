import { type RawBuilder, sql } from 'kysely';

/**
 * What comes after a marker in a list that is sorted by a column, and where that is equal by a second one. Written so
 * that every database reads it from an index over both. The marker's own row tells where it stands; when it is gone,
 * nothing comes.
 * @param own what finds the marker's row, aliased `m`
 */
export function after(
  table: string,
  [column, tie]: readonly [string, string],
  descending: boolean,
  own: RawBuilder<boolean>,
): RawBuilder<boolean> {
  const later = sql.raw(descending ? '<' : '>');
  const of = (name: string) =>
    sql`(select ${sql.ref(`m.${name}`)} from ${sql.table(table)} as m where ${own})`;
  if (column === tie) return sql<boolean>`${sql.ref(tie)} ${later} ${of(tie)}`;
  return sql<boolean>`(${sql.ref(column)} ${later}= ${of(column)} and
    (${sql.ref(column)} ${later} ${of(column)} or ${sql.ref(tie)} ${later} ${of(tie)}))`;
}

/** The columns of a sort key: those made later have the higher sequence, which is an index anyway. */
export function sortColumns(sort: { readonly key: string } | undefined): readonly [string, string] {
  return [sort === undefined || sort.key === 'created_at' ? 'sequence' : sort.key, 'sequence'];
}
