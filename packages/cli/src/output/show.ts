import { type CliContext, UsageError } from '../context.ts';
import { csvText } from './csv.ts';
import type { Shape } from './shape.ts';
import { drawTable, printable } from './table.ts';

/** `machine`: the value for programs and for sorting, where the one for people says less (bytes, not "2 GiB"). */
export type Column<T> = readonly [
  title: string,
  value: (item: T) => string,
  machine?: (item: T) => string | number | null,
];

interface Cell {
  readonly text: string;
  readonly value: unknown;
}

/** A value for people; nothing is a dash. */
export function text(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-';
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return JSON.stringify(value);
}

/** A value for a program that reads lines; nothing is empty. */
function plain(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Places of the titles that are wanted, in the order of the table. @throws UsageError */
function placesOf(titles: readonly string[], wanted: readonly string[], option: string): number[] {
  const known = titles.map((title) => title.toLowerCase());
  const unknown = wanted.filter((title) => !known.includes(title.toLowerCase()));
  if (unknown.length > 0)
    throw new UsageError(
      `${option}: there is no ${unknown.map((title) => `"${title}"`).join(', ')}; there is ${titles.join(', ')}`,
    );
  return wanted.map((title) => known.indexOf(title.toLowerCase()));
}

function chosen(titles: readonly string[], wanted: readonly string[], option = '--column'): number[] {
  if (wanted.length === 0) return titles.map((_, place) => place);
  const places = placesOf(titles, wanted, option);
  return titles.map((_, place) => place).filter((place) => places.includes(place));
}

function compare(one: unknown, other: unknown): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  const [first, second] = [plain(one), plain(other)];
  return first < second ? -1 : first > second ? 1 : 0;
}

/** A list: a table for people, an array for machines. @throws UsageError for a column that is not there */
export function showList<T>(
  { json, out, shape }: CliContext,
  items: readonly T[],
  columns: readonly Column<T>[],
): void {
  if (json) return showJson(out, items);
  const titles = columns.map(([title]) => title);
  const sorting = placesOf(titles, shape.sortColumns, '--sort-column');
  const places = chosen(titles, shape.columns);
  const rows = items.map((item) =>
    columns.map(([, value, machine]): Cell => {
      const shown = value(item);
      return { text: shown, value: machine ? machine(item) : shown === '-' ? null : shown };
    }),
  );
  if (sorting.length > 0)
    rows.sort((one, other) => {
      const found = sorting.map((place) => compare(one[place]?.value, other[place]?.value));
      return (found.find((order) => order !== 0) ?? 0) * (shape.descending ? -1 : 1);
    });
  const kept = rows.map((row) => places.map((place) => row[place] ?? { text: '-', value: null }));
  const heads = places.map((place) => titles[place] ?? '');
  const values = kept.map((row) => row.map(({ value }) => value));
  const objects = (): object[] =>
    values.map((row) => Object.fromEntries(heads.map((head, place) => [head, row[place]])));
  write(out, shape, {
    table: (limit) =>
      drawTable(
        heads,
        kept.map((row) => row.map((cell) => cell.text)),
        limit,
      ),
    tree: objects,
    csv: () => csvText(heads, values),
    lines: () => values.map((row) => row.map((value) => printable(plain(value))).join(' ')),
  });
}

/** One thing: its fields, one per line. @throws UsageError for a field that is not there */
export function showOne({ json, out, shape }: CliContext, item: object): void {
  if (json) return showJson(out, item);
  const all = Object.entries(item) as [string, unknown][];
  const places = chosen(
    all.map(([field]) => field),
    shape.columns,
    // Fields are known when the answer is there: whoever made something must not make it twice.
    'what was asked for was done, but --column',
  );
  const fields = all.filter((_, place) => places.includes(place));
  write(out, shape, {
    table: (limit) =>
      drawTable(
        ['Field', 'Value'],
        fields.map(([field, value]) => [field, text(value)]),
        limit,
      ),
    tree: () => Object.fromEntries(fields),
    csv: () =>
      csvText(
        fields.map(([field]) => field),
        [fields.map(([, value]) => value)],
      ),
    lines: () => fields.map(([, value]) => printable(plain(value))),
  });
}

function write(
  out: CliContext['out'],
  shape: Shape,
  as: {
    table: (limit: number) => string;
    tree: () => unknown;
    csv: () => string;
    lines: () => readonly string[];
  },
): void {
  switch (shape.format) {
    case 'table': {
      const terminal = shape.fitWidth && out.isTTY === true ? (out.columns ?? 0) : 0;
      out.write(`${as.table(shape.maxWidth > 0 ? shape.maxWidth : terminal)}\n`);
      return;
    }
    case 'json':
      out.write(`${jsonText(as.tree(), shape.noindent ? 0 : 2)}\n`);
      return;
    case 'yaml':
      out.write(shape.yaml(as.tree()));
      return;
    case 'csv':
      out.write(as.csv());
      return;
    case 'value':
      out.write(
        as
          .lines()
          .map((line) => `${line}\n`)
          .join(''),
      );
      return;
    default:
      throw new TypeError(`unknown format: ${String(shape.format satisfies never)}`);
  }
}

/** JSON leaves DEL and the controls of one byte as they are, which some terminals obey: they are escaped, too. */
function jsonText(value: unknown, indent: number): string {
  return JSON.stringify(value, null, indent).replaceAll(
    /[\x7f-\x9f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function showJson(out: CliContext['out'], value: unknown): void {
  out.write(`${jsonText(value, 2)}\n`);
}
