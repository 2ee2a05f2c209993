import { formatBytes, formatSeconds } from './units.ts';
import { printable } from './table.ts';

export interface DiskLine {
  readonly label: string;
  readonly state: string;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly bytesPerSecond: number | null;
  readonly etaSeconds: number | null;
}

export interface BoardView {
  readonly title: string;
  readonly disks: readonly DiskLine[];
}

const BAR = 24;

function bar(done: number, total: number): string {
  const full = total === 0 ? BAR : Math.floor((Math.min(done, total) / total) * BAR);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}]`;
}

function diskText(disk: DiskLine): string {
  const percent = disk.bytesTotal === 0 ? 100 : Math.floor((disk.bytesDone / disk.bytesTotal) * 100);
  const rate = disk.bytesPerSecond === null ? '' : `  ${formatBytes(disk.bytesPerSecond)}/s`;
  const eta = disk.etaSeconds === null ? '' : `  ETA ${formatSeconds(disk.etaSeconds)}`;
  const sizes = `${formatBytes(disk.bytesDone)} of ${formatBytes(disk.bytesTotal)}`;
  return `  ${printable(disk.label)}  ${bar(disk.bytesDone, disk.bytesTotal)} ${String(percent).padStart(3)}%  ${sizes}${rate}${eta}  ${disk.state}`;
}

/** All of several migrations in one line: what is left at the present rate is the ETA. */
export function summaryText(views: readonly BoardView[]): string {
  const disks = views.flatMap((view) => view.disks);
  const sum = (value: (disk: DiskLine) => number): number =>
    disks.reduce((total, disk) => total + value(disk), 0);
  const [done, total] = [sum((disk) => disk.bytesDone), sum((disk) => disk.bytesTotal)];
  const rate = sum((disk) => disk.bytesPerSecond ?? 0);
  const eta = rate === 0 ? '' : `  ${formatBytes(rate)}/s  ETA ${formatSeconds((total - done) / rate)}`;
  return `${views.length} migrations  ${formatBytes(done)} of ${formatBytes(total)}${eta}`;
}

/**
 * Progress on a terminal: a block of lines redrawn in place, with ordinary lines scrolling above it. When output is
 * piped there is no block: only the lines, each once, in order.
 */
export class ProgressDisplay {
  readonly #out: { write(text: string): unknown; isTTY?: boolean; columns?: number; rows?: number };
  #drawn = 0;
  #lastPlain = new Map<string, string>();

  constructor(out: { write(text: string): unknown; isTTY?: boolean; columns?: number; rows?: number }) {
    this.#out = out;
  }

  /** A line that stays. */
  line(text: string): void {
    this.#erase();
    this.#out.write(`${printable(text)}\n`);
  }

  /** The current state of everything; piped, only disks that changed by a tenth or changed state are told. */
  show(views: readonly BoardView[]): void {
    if (this.#out.isTTY !== true) return this.#plain(views);
    this.#erase();
    const width = this.#out.columns ?? 80;
    const all = views.flatMap((view) => [printable(view.title), ...view.disks.map(diskText)]);
    const last = views.length > 1 ? [summaryText(views)] : [];
    // What has scrolled off a terminal cannot be redrawn: the block stays lower than the screen.
    const room = Math.max(1, (this.#out.rows ?? Infinity) - last.length - 2);
    const hidden = all.length - room;
    const shown = hidden > 0 ? [...all.slice(0, room), `… and ${hidden} lines more`] : all;
    const lines = [...shown, ...last];
    for (const line of lines) this.#out.write(`${line.slice(0, width - 1)}\n`);
    this.#drawn = lines.length;
  }

  #plain(views: readonly BoardView[]): void {
    for (const view of views) {
      for (const disk of view.disks) {
        const tenth = disk.bytesTotal === 0 ? 10 : Math.floor((disk.bytesDone / disk.bytesTotal) * 10);
        const key = `${view.title}\0${disk.label}`;
        const mark = `${disk.state}:${tenth}`;
        if (disk.state === 'waiting' || this.#lastPlain.get(key) === mark) continue;
        this.#lastPlain.set(key, mark);
        this.#out.write(`${printable(view.title)}:${diskText(disk).slice(1)}\n`);
      }
    }
  }

  #erase(): void {
    if (this.#drawn > 0) this.#out.write(`\u001b[${this.#drawn}A\u001b[J`);
    this.#drawn = 0;
  }
}
