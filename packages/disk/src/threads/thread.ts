import { Worker } from 'node:worker_threads';
import { DiskError } from '../errors.ts';

interface Asked {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A thread of our own that answers requests in their order. It keeps the process running only while it has some.
 * Shared memory in a request is shared with it, everything else is copied.
 */
export class Thread {
  readonly #worker: Worker;
  readonly #asked: Asked[] = [];
  #failure: Error | undefined;

  /**
   * @param script a file of plain JavaScript which answers each message by one
   * @param workerData what it is told at its start
   */
  constructor(script: URL, workerData?: unknown) {
    // Not with what this process was started with: loaders would be loaded again.
    this.#worker = new Worker(script, { execArgv: [], workerData });
    this.#worker.unref();
    this.#worker.on('message', (answer) => {
      this.#asked.shift()?.resolve(answer);
      if (this.#asked.length === 0) this.#worker.unref();
    });
    this.#worker.on('error', (cause) => this.#fail(`a thread failed: ${cause.message}`, cause));
    this.#worker.on('exit', () => this.#fail('a thread ended'));
  }

  /** Requests that have no answer yet. */
  get pending(): number {
    return this.#asked.length;
  }

  /** @throws DiskError `disk_thread` when the thread failed or was closed */
  ask<T>(request: unknown): Promise<T> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise<T>((resolve, reject) => {
      this.#asked.push({ resolve: resolve as (answer: unknown) => void, reject });
      this.#worker.ref();
      this.#worker.postMessage(request, []);
    });
  }

  /** Ends it; requests without an answer fail. */
  async close(): Promise<void> {
    this.#fail('the thread was closed');
    await this.#worker.terminate();
  }

  #fail(message: string, cause?: unknown): void {
    this.#failure ??= new DiskError('disk_thread', message, { cause });
    for (const { reject } of this.#asked.splice(0)) reject(this.#failure);
    this.#worker.unref();
  }
}
