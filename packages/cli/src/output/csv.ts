/** One field: numbers bare, nothing empty, all else quoted, as OpenStack's clients do it. */
function field(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `"${text.replaceAll('"', '""')}"`;
}

/** Comma-separated values with a line of titles (RFC 4180, but lines end in LF). */
export function csvText(titles: readonly string[], rows: readonly (readonly unknown[])[]): string {
  return [titles, ...rows].map((row) => `${row.map(field).join(',')}\n`).join('');
}
