import { type Output, ProgressDisplay } from '@guts/cli';
import type { Clock } from '@guts/core';

/** How often a terminal is drawn anew; milliseconds. */
const DRAW_MS = 250;
/** A rate is of so long at least; milliseconds. */
const RATE_MS = 1000;
/** Of the rate that is shown, what the newest one makes up. */
const WEIGHT = 0.3;

interface Shown {
  /** What is written or read. */
  readonly name: string;
  /** Where it comes from, or what it is compared with. */
  readonly label: string;
  /** Such as `copying`. */
  readonly doing: string;
  /** What goes on when every byte has passed. */
  readonly last: string;
}

/** Shows how far one disk is: a bar on a terminal, else a line for each tenth. */
export class DiskProgress {
  readonly #display: ProgressDisplay;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #shown: Shown;
  #rate: number | null = null;
  #drawnAt = -Infinity;
  #from: { readonly at: number; readonly bytes: number };

  constructor(out: Output, clock: Pick<Clock, 'monotonic'>, shown: Shown) {
    this.#display = new ProgressDisplay(out);
    this.#clock = clock;
    this.#shown = shown;
    this.#from = { at: clock.monotonic(), bytes: 0 };
  }

  readonly update = ({ bytesDone, bytesTotal }: { bytesDone: number; bytesTotal: number }): void => {
    const now = this.#clock.monotonic();
    const since = now - this.#from.at;
    if (since >= RATE_MS) {
      const rate = ((bytesDone - this.#from.bytes) / since) * 1000;
      this.#rate = this.#rate === null ? rate : this.#rate * (1 - WEIGHT) + rate * WEIGHT;
      this.#from = { at: now, bytes: bytesDone };
    }
    const ended = bytesDone >= bytesTotal;
    if (now - this.#drawnAt < DRAW_MS && !ended) return;
    this.#drawnAt = now;
    const etaSeconds =
      this.#rate === null || this.#rate === 0 || ended ? null : (bytesTotal - bytesDone) / this.#rate;
    const { name, label, doing, last } = this.#shown;
    const state = ended ? last : doing;
    const disk = { label, state, bytesDone, bytesTotal, etaSeconds, bytesPerSecond: this.#rate };
    this.#display.show([{ name, state: doing, disks: [disk] }]);
  };

  /** A line that stays. */
  line(text: string): void {
    this.#display.line(text);
  }
}
