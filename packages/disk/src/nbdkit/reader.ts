import { orAbort } from '../abort.ts';
import { type CopyClock, systemClock } from '../copy/clock.ts';
import { DiskError, DiskSizeError, DiskUsageError } from '../errors.ts';
import { NbdError, NbdServerError } from '../nbd/errors.ts';
import { openNbdReader, type NbdReader, type NbdReaderOptions } from '../nbd/reader.ts';
import { rangeReader } from '../range-reader.ts';
import type { DiskReader, Extent, MappedExtent } from '../types.ts';
import type { NbdkitCommand } from './command.ts';
import { NbdkitError } from './errors.ts';
import { NbdkitServer, type NbdkitParts } from './server.ts';

export interface NbdkitReaderOptions extends Pick<
  NbdReaderOptions,
  'connections' | 'requestBytes' | 'bytesInFlight' | 'connectSeconds' | 'stallSeconds' | 'requestSeconds'
> {
  readonly command: NbdkitCommand;
  readonly parts: NbdkitParts;
  /** Of the disk that must be behind it; bytes. */
  readonly size: number;
  /** How often one read is tried in all; each time on another connection. Default 4. */
  readonly attempts?: number;
  /** Told why a server or a connection is replaced. */
  readonly onRenewal?: (why: string) => void;
}

/** So often is it opened within {@link WINDOW_MS}: more of it would help nobody. */
const MOST_OPENINGS = 8;
const WINDOW_MS = 10 * 60_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8000;

/** Within which the end of a server whose connection broke is seen, if it has ended; milliseconds. */
const END_MS = 400;

/** A server and a connection to it. */
interface Generation {
  readonly server: NbdkitServer;
  readonly reader: NbdReader;
}

/**
 * Opens a disk that an nbdkit of our own serves; it is started when something is first read, so that only what is
 * read takes connections of whatever is behind it. One that ends, hangs or gives errors is replaced, a few times, in
 * growing pauses, and reading goes on where it was.
 * Reads throw `NbdkitError` when that does not help, with what nbdkit said; `DiskSizeError` for a disk of another size.
 */
export function openNbdkitReader(options: NbdkitReaderOptions): DiskReader {
  const disk = new ServedDisk(options);
  return rangeReader({
    size: options.size,
    map: (signal) => disk.dataExtents(signal),
    readRange: (offset, buffer, signal) =>
      disk.use(signal, ({ reader }) => reader.read(offset, buffer, signal)),
    close: () => disk.close(),
  });
}

class ServedDisk {
  readonly #options: NbdkitReaderOptions;
  readonly #closed = new AbortController();
  /** When it was opened, the last times; milliseconds of the clock. */
  readonly #openings: number[] = [];
  #now: Promise<Generation> | undefined;
  /** What failed, whose server may still serve. */
  #last: Generation | undefined;
  /** It was open once: what is refused afterwards may be granted again. */
  #served = false;
  #closing: Promise<void> | undefined;

  constructor(options: NbdkitReaderOptions) {
    this.#options = options;
  }

  get #clock(): CopyClock {
    return this.#options.parts.clock ?? systemClock;
  }

  /** Does it on the connection of now, and on others when that one fails for a reason that may pass. */
  async use<T>(signal: AbortSignal, work: (generation: Generation) => Promise<T>): Promise<T> {
    const { attempts = 4 } = this.#options;
    for (let failures = 0; ;) {
      signal.throwIfAborted();
      this.#mustBeOpen();
      const opening = (this.#now ??= this.#open());
      let generation: Generation | undefined;
      try {
        generation = await orAbort(opening, signal);
        return await work(generation);
      } catch (error) {
        signal.throwIfAborted();
        this.#mustBeOpen();
        // Somebody else had it replaced in the middle of this, which is no failure of this.
        if (generation && this.#now !== opening) continue;
        failures += 1;
        await this.#giveUp(opening, generation, error);
        const told = await this.#inWords(error, generation?.server);
        if (failures >= attempts || !this.#isPassing(told) || !this.#mayRenew()) throw told;
        this.#options.onRenewal?.(`${told.message}; trying again (${failures} of ${attempts - 1})`);
        await this.#clock.sleep(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1)), signal);
      }
    }
  }

  /** What holds data, ascending; walked anew, up to where it was, when the connection is lost in the middle. */
  async *dataExtents(signal: AbortSignal): AsyncGenerator<Extent> {
    let walk: { readonly of: Generation; readonly next: AsyncIterator<MappedExtent> } | undefined;
    let told = 0;
    try {
      for (;;) {
        const step = await this.use(signal, (generation) => {
          if (walk?.of !== generation)
            walk = { of: generation, next: generation.reader.extents(signal)[Symbol.asyncIterator]() };
          return walk.next.next();
        });
        if (step.done === true) return;
        const { offset, length, kind } = step.value;
        const end = offset + length;
        const from = Math.max(told, offset);
        if (kind === 'data' && end > from) yield { offset: from, length: end - from };
        told = Math.max(told, end);
      }
    } finally {
      await walk?.next.return?.();
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#closed.abort(new DiskUsageError('the disk is closed'));
    const now = await this.#now?.catch(() => undefined); // whoever read has been told
    for (const generation of new Set([now, this.#last])) {
      await generation?.reader.close();
      await generation?.server.stop();
    }
  }

  #mustBeOpen(): void {
    if (this.#closed.signal.aborted) throw new DiskUsageError('the disk is closed');
  }

  /** The first to fail gives it up for all. What hangs answers nobody: its server is ended, and not asked again. */
  async #giveUp(
    opening: Promise<Generation>,
    generation: Generation | undefined,
    error: unknown,
  ): Promise<void> {
    if (this.#now !== opening) return;
    this.#now = undefined;
    this.#last = generation;
    if (error instanceof NbdError && error.code === 'nbd_stalled') await generation?.server.stop();
  }

  /** On the server that is there, where it serves still; else on a new one. */
  async #open(): Promise<Generation> {
    const { signal } = this.#closed;
    this.#openings.push(this.#clock.monotonic());
    this.#openings.splice(0, this.#openings.length - MOST_OPENINGS);
    const last = this.#last;
    this.#last = undefined;
    await last?.reader.close();
    if (last?.server.usable) {
      try {
        return { server: last.server, reader: await this.#connect(last.server) };
      } catch (error) {
        if (!signal.aborted && !(error instanceof DiskError)) throw error;
      }
    }
    await last?.server.stop();
    signal.throwIfAborted();
    const { command, parts } = this.#options;
    const server = await NbdkitServer.start(command, parts, signal);
    try {
      const reader = await this.#connect(server);
      this.#served = true;
      return { server, reader };
    } catch (error) {
      const told = await this.#inWords(error, server);
      await server.stop();
      throw told;
    }
  }

  async #connect(server: NbdkitServer): Promise<NbdReader> {
    const { size, connections, requestBytes, bytesInFlight, connectSeconds, stallSeconds, requestSeconds } =
      this.#options;
    const reader = await openNbdReader(
      {
        target: server.target,
        // It is looked at here, with the server behind it: once is enough below.
        readAttempts: 1,
        reconnectAttempts: 1,
        clock: this.#clock,
        ...(connections === undefined ? {} : { connections }),
        ...(requestBytes === undefined ? {} : { requestBytes }),
        ...(bytesInFlight === undefined ? {} : { bytesInFlight }),
        ...(connectSeconds === undefined ? {} : { connectSeconds }),
        ...(stallSeconds === undefined ? {} : { stallSeconds }),
        ...(requestSeconds === undefined ? {} : { requestSeconds }),
      },
      this.#closed.signal,
    );
    if (reader.size === size) return reader;
    await reader.close();
    throw new DiskSizeError(`the disk has ${size} bytes, but nbdkit serves ${reader.size}`);
  }

  #mayRenew(): boolean {
    const since = this.#clock.monotonic() - WINDOW_MS;
    return this.#openings.filter((at) => at > since).length < MOST_OPENINGS;
  }

  #isPassing(error: Error): boolean {
    if (!(error instanceof NbdkitError)) return false;
    return error.retryable || (this.#served && error.code === 'nbdkit_refused');
  }

  /** With what became of the server and what it said, which tells more than what the connection saw. */
  async #inWords(error: unknown, server: NbdkitServer | undefined): Promise<Error> {
    if (!(error instanceof NbdError) || !server) return error as Error;
    const cause = { cause: error };
    // Its connections break before its end is seen.
    if (error.code === 'nbd_connection_lost' && (await server.endsWithin(END_MS)))
      return new NbdkitError('nbdkit_ended', server.state, cause);
    const what = `${error.message}${server.said}`;
    if (error instanceof NbdServerError && error.retryable) return new NbdkitError('nbdkit_io', what, cause);
    if (error.retryable) return new NbdkitError('nbdkit_ended', what, cause);
    // Its own words are plainer than what the protocol makes of them.
    const why = server.said === '' ? `: ${error.message}` : server.said;
    return new NbdkitError('nbdkit_refused', `nbdkit opens no disk${why}`, cause);
  }
}
