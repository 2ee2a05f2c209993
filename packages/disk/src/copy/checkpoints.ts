import type { DigestPiece, DiskWriter } from '../types.ts';
import type { DigestLog } from './digest-log.ts';
import type { CopyClock } from './clock.ts';

export interface CheckpointOptions {
  readonly target: DiskWriter;
  readonly log: DigestLog;
  /** Bytes of data between two. */
  readonly everyBytes: number;
  /** Seconds between two, when at least a chunk was written. */
  readonly everySeconds: number;
  readonly clock: CopyClock;
  readonly signal: AbortSignal;
  readonly fail: (error: unknown) => void;
  readonly onCheckpoint: (bytesDone: number, piece: DigestPiece) => Promise<void>;
}

/**
 * Makes what was written safe and tells of it, beside the copy, which goes on meanwhile: everything up to a point has
 * been written, then the target is flushed, then it is told. One at a time.
 */
export class Checkpoints {
  readonly #options: CheckpointOptions;
  #since: number;
  #bytes = 0;
  #running: Promise<void> | undefined;

  constructor(options: CheckpointOptions) {
    this.#options = options;
    this.#since = options.clock.monotonic();
  }

  /** Everything before `bytesDone` has been written, `bytes` of data of it since the last call. */
  advanced(bytesDone: number, bytes: number): void {
    const { clock, everyBytes, everySeconds, fail } = this.#options;
    this.#bytes += bytes;
    if (this.#running || this.#bytes === 0) return;
    const now = clock.monotonic();
    if (this.#bytes < everyBytes && now - this.#since < everySeconds * 1000) return;
    this.#bytes = 0;
    this.#since = now;
    this.#running = this.#make(bytesDone)
      .catch(fail)
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** The last one; also what has nothing new is flushed. */
  async finish(bytesDone: number): Promise<void> {
    await this.settled();
    this.#options.signal.throwIfAborted();
    await this.#make(bytesDone);
  }

  /** Resolves when none is under way. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #make(bytesDone: number): Promise<void> {
    const { target, log, signal, onCheckpoint } = this.#options;
    // Before the flush: what is written while it lasts may not be covered by it.
    const piece = log.pending > 0 ? log.take() : undefined;
    await target.flush(signal);
    if (piece) await onCheckpoint(bytesDone, piece);
  }
}
