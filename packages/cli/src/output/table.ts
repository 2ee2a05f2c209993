/** How many terminal columns a text takes: wide East Asian characters and emoji take two, combining marks none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{Mark}|\p{Control}|\u200d|\ufe0f/u.test(character)) continue;
    const point = character.codePointAt(0) ?? 0;
    const wide =
      (point >= 0x1100 && point <= 0x115f) ||
      (point >= 0x2e80 && point <= 0xa4cf) ||
      (point >= 0xac00 && point <= 0xd7a3) ||
      (point >= 0xf900 && point <= 0xfaff) ||
      (point >= 0xfe30 && point <= 0xfe6f) ||
      (point >= 0xff00 && point <= 0xff60) ||
      (point >= 0xffe0 && point <= 0xffe6) ||
      (point >= 0x1f300 && point <= 0x1faff) ||
      (point >= 0x20000 && point <= 0x3fffd);
    width += wide ? 2 : 1;
  }
  return width;
}

/** Control characters would let a machine's name move the cursor: they are shown as visible escapes. */
export function printable(text: string): string {
  return text.replace(
    /\p{Control}/gu,
    (character) => `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`,
  );
}

const pad = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - displayWidth(text)));

/** Narrowest that a column is made to fit a table into a width. */
const NARROWEST = 8;

/** Takes from the widest columns until the table fits; columns that are narrow already stay. */
function fitted(widths: readonly number[], maxWidth: number): number[] {
  const fit = [...widths];
  // Two blanks and a bar around each cell, and the first bar.
  let over = fit.reduce((sum, width) => sum + width + 3, 1) - maxWidth;
  while (over > 0) {
    const widest = Math.max(...fit);
    if (widest <= NARROWEST) break;
    fit[fit.indexOf(widest)] = widest - 1;
    over -= 1;
  }
  return fit;
}

/** A cell as lines of at most so many terminal columns. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const character of text) {
    if (line !== '' && displayWidth(line + character) > width) {
      lines.push(line);
      line = '';
    }
    line += character;
  }
  return [...lines, line];
}

/**
 * A table as OpenStack's clients draw it.
 * @param maxWidth terminal columns that it may take, cells being wrapped for it; 0: any
 */
export function drawTable(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  maxWidth = 0,
): string {
  const cells = rows.map((row) => columns.map((_, index) => printable(row[index] ?? '')));
  const natural = columns.map((column, index) =>
    Math.max(displayWidth(column), ...cells.map((row) => displayWidth(row[index] ?? ''))),
  );
  const widths = maxWidth > 0 ? fitted(natural, maxWidth) : natural;
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`;
  const line = (row: readonly string[]): string =>
    `|${row.map((cell, index) => ` ${pad(cell, widths[index] ?? 0)} `).join('|')}|`;
  const lines = (row: readonly string[]): string[] => {
    const parts = row.map((cell, index) => wrapped(cell, widths[index] ?? 0));
    const height = Math.max(1, ...parts.map(({ length }) => length));
    return Array.from({ length: height }, (_, at) => line(parts.map((part) => part[at] ?? '')));
  };
  return [rule, ...lines(columns), rule, ...cells.flatMap(lines), rule].join('\n');
}
