import type { CliContext } from '../context.ts';
import { drawTable } from './table.ts';

export type Column<T> = readonly [title: string, value: (item: T) => string];

/** A value for people; nothing is a dash. */
export function text(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-';
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return JSON.stringify(value);
}

/** A list: a table for people, an array for machines. */
export function showList<T>(
  { json, out }: CliContext,
  items: readonly T[],
  columns: readonly Column<T>[],
): void {
  if (json) return showJson(out, items);
  const rows = items.map((item) => columns.map(([, value]) => value(item)));
  out.write(
    `${drawTable(
      columns.map(([title]) => title),
      rows,
    )}\n`,
  );
}

/** One thing: its fields, one per line. */
export function showOne({ json, out }: CliContext, item: object): void {
  if (json) return showJson(out, item);
  const rows = Object.entries(item).map(([field, value]) => [field, text(value)]);
  out.write(`${drawTable(['Field', 'Value'], rows)}\n`);
}

export function showJson(out: CliContext['out'], value: unknown): void {
  out.write(`${JSON.stringify(value, null, 2)}\n`);
}
