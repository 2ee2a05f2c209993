import type { Clock, DiskProgress } from '@guts/core';
import type { Journal } from './journal.ts';

const WRITE_EVERY_MS = 1000;
/** The rate shown is an exponential average over about this long. */
const AVERAGE_MS = 10_000;

/** One disk's counters; `flush` writes them all at a limited rate. */
export class ProgressBoard {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #rows = new Map<string, DiskProgress>();
  readonly #rates = new Map<string, { at: number; bytes: number; rate: number | null }>();
  #written = 0;
  #writing: Promise<void> = Promise.resolve();
  #failure: unknown;

  constructor(journal: Journal, clock: Clock, rows: readonly DiskProgress[]) {
    this.#journal = journal;
    this.#clock = clock;
    for (const row of rows) this.#rows.set(row.diskKey, row);
    this.#written = clock.monotonic();
  }

  update(diskKey: string, change: Partial<DiskProgress>): void {
    const row = this.#rows.get(diskKey);
    if (!row) return;
    const next = { ...row, ...change };
    this.#rows.set(diskKey, { ...next, ...this.#pace(diskKey, next) });
    const now = this.#clock.monotonic();
    if (now - this.#written >= WRITE_EVERY_MS) {
      this.#written = now;
      this.#enqueue();
    }
  }

  /** Bytes done over bytes to do, of all disks, 0 to 1. */
  fraction(): number {
    let done = 0;
    let total = 0;
    for (const row of this.#rows.values()) {
      done += row.bytesDone;
      total += row.bytesTotal;
    }
    return total === 0 ? 1 : done / total;
  }

  /** Writes what is not written yet. @throws what a write in between threw */
  async flush(): Promise<void> {
    this.#enqueue();
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
  }

  #pace(diskKey: string, row: DiskProgress): Pick<DiskProgress, 'bytesPerSecond' | 'etaSeconds'> {
    if (row.state !== 'copying' && row.state !== 'verifying')
      return { bytesPerSecond: null, etaSeconds: null };
    const now = this.#clock.monotonic();
    const last = this.#rates.get(diskKey);
    if (!last || row.bytesDone < last.bytes) {
      this.#rates.set(diskKey, { at: now, bytes: row.bytesDone, rate: null });
      return { bytesPerSecond: null, etaSeconds: null };
    }
    const elapsed = now - last.at;
    let { rate } = last;
    if (elapsed >= 250) {
      const fresh = ((row.bytesDone - last.bytes) * 1000) / elapsed;
      const weight = Math.min(1, elapsed / AVERAGE_MS);
      rate = rate === null ? fresh : rate + (fresh - rate) * weight;
      this.#rates.set(diskKey, { at: now, bytes: row.bytesDone, rate });
    }
    if (rate === null || rate <= 0) return { bytesPerSecond: rate, etaSeconds: null };
    return {
      bytesPerSecond: Math.round(rate),
      etaSeconds: Math.ceil((row.bytesTotal - row.bytesDone) / rate),
    };
  }

  #enqueue(): void {
    const rows = [...this.#rows.values()];
    this.#writing = this.#writing
      .then(() => this.#journal.putDisks(rows))
      .catch((error: unknown) => {
        this.#failure ??= error;
      });
  }
}
