import { displayWidth, printable } from './table.ts';
import { formatBytes, formatSeconds } from './units.ts';

export interface DiskLine {
  readonly label: string;
  readonly state: string;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** Null: not moving, or not known yet. */
  readonly bytesPerSecond: number | null;
  readonly etaSeconds: number | null;
}

/** One migration. */
export interface BoardView {
  readonly name: string;
  /** Its status, and its step while it has one. */
  readonly state: string;
  readonly disks: readonly DiskLine[];
}

interface Amount {
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly bytesPerSecond: number | null;
  readonly etaSeconds: number | null;
}

/** What is told of an amount, and how wide its bar is; terminal columns. */
interface Style {
  readonly bar: number;
  readonly done: boolean;
  readonly total: boolean;
  /** A name takes at most that part of the width. */
  readonly name: number;
}
const WIDE: Style = { bar: 24, done: true, total: true, name: 0.3 };
const NARROW: Style = { bar: 10, done: false, total: true, name: 0.3 };
/** Rate and ETA are what one looks at: the rest makes room for them. */
const NARROW_SHORT: Style = { bar: 10, done: false, total: false, name: 0.24 };
const NARROW_SUM: Style = { bar: 0, done: false, total: true, name: 1 };
/** From so many terminal columns on all is told. */
const WIDE_FROM = 100;

function bar({ bytesDone, bytesTotal }: Amount, columns: number): string {
  const full =
    bytesTotal === 0 ? columns : Math.floor((Math.min(bytesDone, bytesTotal) / bytesTotal) * columns);
  return `[${'#'.repeat(full)}${'.'.repeat(columns - full)}]`;
}

function amountText(amount: Amount, style: Style): string {
  const { bytesDone, bytesTotal, bytesPerSecond, etaSeconds } = amount;
  const percent = bytesTotal === 0 ? 100 : Math.floor((bytesDone / bytesTotal) * 100);
  const drawn = style.bar === 0 ? '' : `${bar(amount, style.bar)} `;
  const done = style.done ? `  ${formatBytes(bytesDone)}` : '';
  const total = style.total ? ` of ${formatBytes(bytesTotal)}` : '';
  const rate = bytesPerSecond === null ? '' : `  ${formatBytes(bytesPerSecond)}/s`;
  const eta = etaSeconds === null ? '' : `  ETA ${formatSeconds(etaSeconds)}`;
  return `${drawn}${String(percent).padStart(3)}%${done}${total}${rate}${eta}`;
}

/** A disk in one line that needs no others around it. */
export function diskText(disk: DiskLine): string {
  return `${printable(disk.label)}  ${amountText(disk, WIDE)}  ${disk.state}`;
}

/** What several disks are together: they are done when the present rate has brought what is left. */
function sumOf(disks: readonly DiskLine[]): Amount {
  const sum = (value: (disk: DiskLine) => number): number =>
    disks.reduce((total, disk) => total + value(disk), 0);
  const [bytesDone, bytesTotal] = [sum((disk) => disk.bytesDone), sum((disk) => disk.bytesTotal)];
  const rate = sum((disk) => disk.bytesPerSecond ?? 0);
  return {
    bytesDone,
    bytesTotal,
    bytesPerSecond: rate === 0 ? null : rate,
    etaSeconds: rate === 0 ? null : (bytesTotal - bytesDone) / rate,
  };
}

/** At most so many terminal columns of a text; `…` ends one that was cut. */
function cut(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let kept = '';
  for (const character of text) {
    if (displayWidth(kept + character) > columns - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/**
 * Cells under each other, each column as wide as its widest cell.
 * @param most terminal columns of every cell but the last
 */
function aligned(rows: readonly (readonly string[])[], most: number): string[] {
  const short = rows.map((row) => row.map((cell, at) => (at === row.length - 1 ? cell : cut(cell, most))));
  const widths = (short[0] ?? []).map((_, at) =>
    Math.max(...short.map((row) => displayWidth(row[at] ?? ''))),
  );
  return short.map((row) =>
    row
      .map((cell, at) =>
        at === row.length - 1 ? cell : cell + ' '.repeat((widths[at] ?? 0) - displayWidth(cell)),
      )
      .join('  '),
  );
}

const nameColumns = (width: number, { name }: Style): number => Math.max(8, Math.floor(width * name));

/** Of each migration its name and state, and a line for each disk. */
function inFull(views: readonly BoardView[], width: number, style: Style): string[] {
  const disks = views.flatMap((view) => view.disks);
  const rows = aligned(
    disks.map((disk) => [`  ${printable(disk.label)}`, disk.state, amountText(disk, style)]),
    nameColumns(width, style),
  );
  let next = 0;
  return views.flatMap(({ name, state, disks: own }) => {
    next += own.length;
    return [`${printable(name)}  ${state}`, ...rows.slice(next - own.length, next)];
  });
}

/** One line for each migration: those that move bytes first. */
function inShort(views: readonly BoardView[], width: number, style: Style): string[] {
  const sums = views.map((view) => ({ view, sum: sumOf(view.disks) }));
  const moving = sums.filter(({ sum }) => sum.bytesPerSecond !== null);
  const resting = sums.filter(({ sum }) => sum.bytesPerSecond === null);
  return aligned(
    [...moving, ...resting].map(({ view, sum }) => [
      printable(view.name),
      // What has a step runs.
      style.total ? view.state : view.state.replace(/^running: /, ''),
      sum.bytesTotal === 0 ? '' : amountText(sum, style),
    ]),
    nameColumns(width, style),
  );
}

/** How many are in which state: `3 running, 20 queued`. */
function statesText(views: readonly BoardView[]): string {
  const counts = new Map<string, number>();
  for (const { state } of views) {
    const status = state.split(':')[0] ?? state;
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
}

/**
 * What a board shows of migrations: all of their disks where there is room, else a line each, else as many as there is
 * room for; of several the sum is last.
 * @param width terminal columns; no line takes more
 * @param rows lines that there is room for
 */
export function boardLines(views: readonly BoardView[], width: number, rows: number): string[] {
  const wide = width >= WIDE_FROM;
  const last =
    views.length > 1
      ? [
          `${statesText(views)}  ${amountText(sumOf(views.flatMap((one) => one.disks)), wide ? WIDE : NARROW_SUM)}`,
        ]
      : [];
  const room = Math.max(1, rows - last.length);
  const needed = views.reduce((sum, view) => sum + 1 + view.disks.length, 0);
  const all =
    needed <= room
      ? inFull(views, width, wide ? WIDE : NARROW)
      : inShort(views, width, wide ? WIDE : NARROW_SHORT);
  const shown =
    all.length <= room
      ? all
      : [...all.slice(0, room - 1), `… and ${all.length - room + 1} more; a higher terminal shows them`];
  return [...shown, ...last].map((line) => cut(line, width));
}
