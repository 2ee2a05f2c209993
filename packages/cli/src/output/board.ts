import { boardLines, type BoardView, diskText } from './board-lines.ts';
import { printable } from './table.ts';

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
    // A line that fills the last column wraps on some terminals; what has scrolled off one cannot be redrawn.
    const width = (this.#out.columns ?? 80) - 1;
    const lines = boardLines(views, width, (this.#out.rows ?? Infinity) - 1);
    for (const line of lines) this.#out.write(`${line}\n`);
    this.#drawn = lines.length;
  }

  #plain(views: readonly BoardView[]): void {
    for (const { name, state, disks } of views) {
      for (const disk of disks) {
        const tenth = disk.bytesTotal === 0 ? 10 : Math.floor((disk.bytesDone / disk.bytesTotal) * 10);
        const key = `${name}\0${state}\0${disk.label}`;
        const mark = `${disk.state}:${tenth}`;
        if (disk.state === 'waiting' || this.#lastPlain.get(key) === mark) continue;
        this.#lastPlain.set(key, mark);
        this.#out.write(`${printable(name)}  ${state}: ${diskText(disk)}\n`);
      }
    }
  }

  #erase(): void {
    if (this.#drawn > 0) this.#out.write(`\u001b[${this.#drawn}A\u001b[J`);
    this.#drawn = 0;
  }
}
