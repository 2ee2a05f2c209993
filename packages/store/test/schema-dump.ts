import { type Kysely, sql } from 'kysely';
import type { StoreDialect } from '../src/dialect.ts';

interface IndexColumn {
  readonly table_name: string;
  readonly index_name: string;
  readonly is_unique: boolean | number | string;
  readonly column_name: string;
}

/** One row per column of every index, in the index's order. */
const INDEXES: Readonly<Record<StoreDialect['name'], string>> = {
  sqlite: `select m.name as table_name, l.name as index_name, l."unique" as is_unique, i.name as column_name
    from sqlite_master m join pragma_index_list(m.name) l join pragma_index_info(l.name) i
    where m.type = 'table' order by m.name, l.name, i.seqno`,
  postgresql: `select t.relname as table_name, i.relname as index_name, x.indisunique as is_unique,
      a.attname as column_name
    from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
      join pg_namespace n on n.oid = t.relnamespace
      join lateral unnest(x.indkey) with ordinality as k(number, position) on true
      join pg_attribute a on a.attrelid = t.oid and a.attnum = k.number
    where n.nspname = current_schema() order by 1, 2, k.position`,
  mysql: `select table_name as table_name, index_name as index_name, non_unique = 0 as is_unique,
      column_name as column_name
    from information_schema.statistics where table_schema = database() order by 1, 2, seq_in_index`,
};

export interface DumpedTable {
  readonly name: string;
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    /** May be left out when a row is written. */
    readonly optional: boolean;
    readonly text: string;
  }[];
  readonly indexes: readonly string[];
}

/** Every table of the database with its columns and indexes, as the database itself tells them. */
export async function dumpSchema(db: Kysely<unknown>, dialect: StoreDialect): Promise<DumpedTable[]> {
  const tables = await db.introspection.getTables();
  const { rows } = await sql.raw<IndexColumn>(INDEXES[dialect.name]).execute(db);
  const indexes = new Map<string, { table: string; unique: boolean; columns: string[] }>();
  for (const row of rows) {
    const key = `${row.table_name}\0${row.index_name}`;
    const known = indexes.get(key);
    if (known) known.columns.push(row.column_name);
    else
      indexes.set(key, {
        table: row.table_name,
        unique: Number(row.is_unique) === 1,
        columns: [row.column_name],
      });
  }
  return tables
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, columns }) => ({
      name,
      columns: columns.map((column) => {
        const optional = column.isNullable || column.hasDefaultValue || column.isAutoIncrementing;
        const notes = [
          column.isNullable ? '' : ' not null',
          column.hasDefaultValue ? ' with a default' : '',
          column.isAutoIncrementing ? ' growing' : '',
        ];
        const type = column.dataType.toLowerCase();
        return { name: column.name, type, optional, text: `${column.name} ${type}${notes.join('')}` };
      }),
      indexes: [...indexes]
        .filter(([, one]) => one.table === name)
        .map(([key, one]) => {
          const [, given = ''] = key.split('\0');
          // A name that the database made up is no part of the schema.
          const called = given.startsWith('sqlite_autoindex') ? '' : ` ${given}`;
          return `${one.unique ? 'unique' : 'index'}${called} (${one.columns.join(', ')})`;
        })
        .toSorted(),
    }));
}

/** As it is kept beside the changes, for people to read. */
export function dumpText(tables: readonly DumpedTable[]): string {
  return tables
    .map(({ name, columns, indexes }) =>
      [
        name,
        ...columns.map((column) => `  ${column.text}`),
        ...indexes.map((index) => `  ${index}`),
        '',
      ].join('\n'),
    )
    .join('\n');
}
