import { setMaxListeners } from 'node:events';
import { DiskUsageError } from '../errors.ts';
import { Attempts, DEFAULT_RETRY, type Retry, type RetryPolicy } from './attempts.ts';
import { systemClock, type CopyClock } from './clock.ts';
import { AdaptiveDepth, boundsFor, type DepthBounds } from './depth.ts';
import { Gate } from './gate.ts';
import { CopyMemory, type MemoryShare } from './memory.ts';
import { CopyRate } from './rate.ts';
import type { ChunkThreads } from './threads/chunk-threads.ts';

/** What the copies of one worker share. */
export interface CopyBudget {
  readonly memory: CopyMemory;
  readonly rate: CopyRate;
  /** Take the chunks of disks that are files of this host. Default: they go the way of all others. */
  readonly threads?: ChunkThreads | undefined;
}

/** What copies, verifications and repairs are asked alike. */
export interface SessionOptions {
  readonly signal: AbortSignal;
  /** Default a budget of its own, of 128 MiB and without a limit on the rate. */
  readonly budget?: CopyBudget;
  /** Chunks under way at once. Default from 4 up to 16, as many as are worth it. */
  readonly depth?: DepthBounds;
  readonly retry?: Partial<RetryPolicy>;
  /** Told of every request that is made again. */
  readonly onRetry?: ((retry: Retry) => void) | undefined;
  readonly clock?: CopyClock;
}

/** What chunks are read and written with. */
export interface Session {
  /** Aborted when the work is to end, for whatever reason. */
  readonly signal: AbortSignal;
  /** Ends the work, with this as its cause unless there was one before. */
  readonly fail: (error: unknown) => void;
  readonly clock: CopyClock;
  readonly memory: MemoryShare;
  readonly rate: ReturnType<CopyRate['open']>;
  readonly attempts: Attempts;
  readonly depth: AdaptiveDepth;
  /** Through which each request to a reader goes. */
  readonly gate: Gate;
  readonly threads: ChunkThreads | undefined;
}

const DEFAULT_MEMORY = 128 * 1024 * 1024;

/**
 * Does the work with a share of the budget. However it ends, that is given back, and requests are watched no more.
 * @param requestsAtOnce that the source bears at most
 * @throws the first cause of its end, not the aborts that it led to
 */
export async function inSession<T>(
  options: SessionOptions,
  requestsAtOnce: number | undefined,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { clock = systemClock, budget } = options;
  options.signal.throwIfAborted();
  const failure = new AbortController();
  const fail = (error: unknown): void => failure.abort(error);
  const signal = AbortSignal.any([options.signal, failure.signal]);
  setMaxListeners(0, signal);
  const memory = (budget?.memory ?? new CopyMemory(DEFAULT_MEMORY)).open();
  const rate = (budget?.rate ?? new CopyRate(null, clock)).open();
  const attempts = new Attempts(clock, { ...DEFAULT_RETRY, ...options.retry }, options.onRetry);
  const depth = new AdaptiveDepth(clock, boundsFor(options.depth, requestsAtOnce));
  const gate = new Gate(() => depth.depth);
  const watching = attempts.watch(signal);
  try {
    return await work({ signal, fail, clock, memory, rate, attempts, depth, gate, threads: budget?.threads });
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    fail(new DiskUsageError('the copy has ended'));
    await watching;
    memory.close();
    rate.close();
  }
}
