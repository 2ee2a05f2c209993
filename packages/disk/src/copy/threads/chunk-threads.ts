import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { DiskError, DiskUsageError } from '../../errors.ts';
import { keyOf, type LocalExport } from '../../nbd/local-export.ts';
import {
  type ChunkAnswer,
  type ChunkDone,
  type ChunkJob,
  errorOf,
  type LeaveExport,
  type ThreadStart,
} from './job.ts';
import { HostLoad } from './host-load.ts';

/** Threads whose call the kernel does not answer; with more of them the host's storage is gone. */
const MOST_LOST = 32;

/** Jobs that a thread has: while one is reported, it does the next. */
const MAILBOX = 2;

interface Waiting {
  readonly job: ChunkJob;
  aborted: boolean;
  readonly resolve: (done: ChunkDone) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly stop: Int32Array;
  /** In the order in which it answers. */
  readonly jobs: Waiting[];
}

export interface ChunkThreadsOptions {
  /** The bundle of `thread.ts`. */
  readonly entry: URL;
  /** Threads at most. */
  readonly count: number;
  /** So many are started as there is work; more only while the host is less busy than that. Default its processors. */
  readonly processors?: number;
  /** Default this host's. */
  readonly load?: Pick<HostLoad, 'busy'>;
}

/** A host that works more has no processor left for another thread. */
const BUSY = 0.75;

/**
 * Threads that read, digest and write chunks of this host's files by themselves. To have the pool of Node do each call,
 * and this thread the rest, costs two wake-ups a call and keeps the daemon's only thread busy; these take a chunk at
 * a time, and its bytes stay in one processor's cache. Started when there is work; idle, they keep no process alive.
 */
export class ChunkThreads {
  readonly #options: ChunkThreadsOptions;
  readonly #threads = new Set<Thread>();
  readonly #lost = new Set<Thread>();
  readonly #waiting: Waiting[] = [];
  readonly #processors: number;
  readonly #load: Pick<HostLoad, 'busy'>;
  #closed = false;

  constructor(options: ChunkThreadsOptions) {
    if (!Number.isSafeInteger(options.count) || options.count < 1)
      throw new DiskUsageError(`threads are a whole number above 0, not ${options.count}`);
    this.#options = options;
    this.#processors = options.processors ?? availableParallelism();
    this.#load = options.load ?? new HostLoad();
  }

  /**
   * Settles when the job has ended and touches neither file nor buffer any more, however it is aborted: one that has not
   * begun then does not, one that has ends with the call it is in. A thread that is aborted in the middle is not used
   * again, for that call may never end.
   * @throws the signal's reason, `CorruptDiskError` when a file ends too early, or the system's error
   */
  async run(job: ChunkJob, signal: AbortSignal): Promise<ChunkDone> {
    signal.throwIfAborted();
    if (this.#closed) throw new DiskUsageError('the threads have been stopped');
    let forget: () => void = () => undefined;
    try {
      return await new Promise<ChunkDone>((resolve, reject) => {
        const waiting: Waiting = { job, aborted: false, resolve, reject };
        const aborted = (): void => this.#abandon(waiting, signal.reason);
        signal.addEventListener('abort', aborted, { once: true });
        forget = () => signal.removeEventListener('abort', aborted);
        this.#waiting.push(waiting);
        this.#next();
      });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      forget();
    }
  }

  /** Has the threads close their connections to an export, once what they were asked before is done. */
  leave(local: LocalExport): void {
    const message: LeaveExport = { leave: keyOf(local) };
    for (const { worker } of this.#threads) worker.postMessage(message, []);
  }

  /** Stops all threads; jobs that have not ended fail. */
  async close(): Promise<void> {
    this.#closed = true;
    const stopped = new DiskUsageError('the threads have been stopped');
    for (const waiting of this.#waiting.splice(0)) waiting.reject(stopped);
    const all = [...this.#threads, ...this.#lost];
    await Promise.all(all.map(({ worker }) => worker.terminate()));
  }

  #next(): void {
    for (let waiting = this.#waiting[0]; waiting; waiting = this.#waiting[0]) {
      const thread = this.#leastBusy();
      if (!thread) break;
      this.#waiting.shift();
      thread.jobs.push(waiting);
      thread.worker.ref();
      thread.worker.postMessage(waiting.job, []);
    }
    if (this.#threads.size > 0) return;
    const hangs = `${this.#lost.size} requests to files of this host have not been answered: its storage hangs`;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(new DiskError('disk_io', hangs));
  }

  #leastBusy(): Thread | undefined {
    const [best] = [...this.#threads].toSorted((one, other) => one.jobs.length - other.jobs.length);
    if (best?.jobs.length === 0) return best;
    if (this.#mayStart()) return this.#start();
    return best && best.jobs.length < MAILBOX ? best : undefined;
  }

  /** More threads than processors are of use while those wait for storage, and only take time from others else. */
  #mayStart(): boolean {
    if (this.#threads.size >= this.#options.count || this.#lost.size >= MOST_LOST) return false;
    return this.#threads.size < this.#processors || this.#load.busy() < BUSY;
  }

  #start(): Thread {
    const stop = new SharedArrayBuffer(4);
    const start: ThreadStart = { stop };
    const worker = new Worker(this.#options.entry, { workerData: start });
    const thread: Thread = { worker, stop: new Int32Array(stop), jobs: [] };
    worker.on('message', (answer: ChunkAnswer) => this.#answered(thread, answer));
    worker.on('error', (error) => this.#ended(thread, error));
    worker.on('exit', () => this.#ended(thread, new DiskError('disk_io', 'a thread of the copy has ended')));
    worker.unref();
    this.#threads.add(thread);
    return thread;
  }

  #answered(thread: Thread, answer: ChunkAnswer): void {
    const own = thread.jobs.shift();
    if (thread.jobs.length === 0) {
      thread.worker.unref();
      if (this.#lost.delete(thread)) void thread.worker.terminate();
    }
    if ('done' in answer) own?.resolve(answer.done);
    // It was in the same mailbox as one that was given up.
    else if (own && !own.aborted && answer.fault.kind === 'stopped') this.#waiting.unshift(own);
    else own?.reject(errorOf(answer.fault));
    this.#next();
  }

  #ended(thread: Thread, error: Error): void {
    const known = this.#threads.delete(thread);
    if (!this.#lost.delete(thread) && !known) return;
    for (const own of thread.jobs.splice(0)) own.reject(error);
    if (!this.#closed) this.#next();
  }

  #abandon(waiting: Waiting, reason: unknown): void {
    waiting.aborted = true;
    const at = this.#waiting.indexOf(waiting);
    if (at >= 0) {
      this.#waiting.splice(at, 1);
      waiting.reject(reason);
      return;
    }
    for (const thread of this.#threads) {
      if (!thread.jobs.includes(waiting)) continue;
      Atomics.store(thread.stop, 0, 1);
      this.#threads.delete(thread);
      this.#lost.add(thread);
    }
    this.#next();
  }
}
