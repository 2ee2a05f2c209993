import { assertBytes, assertInside } from '../bounds.ts';
import { DiskSizeError, DiskUsageError, UnsupportedDiskError } from '../errors.ts';
import type { DiskWriter } from '../types.ts';
import { BlockLocks, blockSpan } from './blocks.ts';
import { NbdError, NbdServerError } from './errors.ts';
import { can } from './negotiate.ts';
import { inPieces } from './pieces.ts';
import { NbdPool, type NbdPoolOptions } from './pool.ts';
import { ALLOCATION_CONTEXT, COMMAND_FLAG, STATE_ZERO } from './protocol.ts';
import { requestSize } from './reader.ts';
import { statusExtents } from './status.ts';

export interface NbdWriterOptions extends NbdPoolOptions {
  /** Size of the disk in bytes; the export may be larger, never smaller. Default: the export's. */
  readonly size?: number;
  /** Bytes that one request writes at most; the server may want less. Default 1 MiB. */
  readonly requestBytes?: number;
  /** Zeros take up space, so that writing there later needs none (`NBD_CMD_FLAG_NO_HOLE`). Default false. */
  readonly thick?: boolean;
  /**
   * Zeroes the whole export at once when opening, if the server can do that fast (`NBD_CMD_FLAG_FAST_ZERO`), so that zeros
   * need not be sent. Destroys what is there. Default false.
   */
  readonly clear?: boolean;
  /** The caller's word that what is written need not survive: opens exports that can neither flush nor write through. */
  readonly volatile?: boolean;
}

/** A writer to an NBD export. */
export interface NbdWriter extends DiskWriter {
  /** Tells the server that the range is no longer needed; what it holds then is not known. Does nothing if it cannot. */
  trim(offset: number, length: number, signal: AbortSignal): Promise<void>;
  /** Connections that take requests now. */
  readonly connections: number;
}

const DEFAULT_REQUEST = 1024 * 1024;
/** Bytes that one request without data zeroes or trims: servers that must write them do it well within a request's time. */
const EFFECT_BYTES = 128 * 1024 * 1024;
/** Extents to look at for an export that is all zero; beyond that it does not count as known. */
const MOST_ZERO_EXTENTS = 100_000;

/**
 * Opens an export for writing at any offset. What is not a multiple of the server's blocks is read, changed and written.
 * `readsAsZero` is true while block status says so of every byte at opening, or `clear` made it so, and nothing was written.
 *
 * A write that fails because its connection broke may be made again. But writes that the server had confirmed, and no flush
 * had covered, may be gone with the server that broke: from then on every call throws `NbdError` (`nbd_writes_lost`), and
 * what was written since the last flush must be written again to a writer opened anew.
 *
 * Throws `NbdError` for each way in which a server can refuse, also `nbd_read_only`; `DiskSizeError` if the export is too
 * small; `UnsupportedDiskError` if it cannot make data durable.
 */
export async function openNbdWriter(options: NbdWriterOptions, signal: AbortSignal): Promise<NbdWriter> {
  if (options.size !== undefined) assertBytes(options.size, 'size');
  const ledger = new WriteLedger();
  const pool = await NbdPool.open(options, [ALLOCATION_CONTEXT], signal, (reason) =>
    ledger.connectionLost(reason),
  );
  try {
    assertWritable(pool, options);
    const size = options.size ?? pool.export.size;
    const cleared = options.clear === true && (await clearFast(pool, ledger, signal));
    const fresh = cleared || (await allZero(pool, signal));
    return new Writer(pool, ledger, { ...options, size }, fresh);
  } catch (error) {
    await pool.close();
    throw error;
  }
}

function assertWritable({ export: agreed }: NbdPool, { size, volatile = false }: NbdWriterOptions): void {
  if (can(agreed, 'readOnly')) throw new NbdError('nbd_read_only', 'the NBD export can only be read');
  if (size !== undefined && agreed.size < size)
    throw new DiskSizeError(`the NBD export has ${agreed.size} bytes, but the disk needs ${size}`);
  if (!volatile && !can(agreed, 'flush') && !can(agreed, 'fua'))
    throw new UnsupportedDiskError(
      'the NBD export offers no way to make sure that data is on its disk (flush, FUA)',
    );
}

/** Zeroes everything if that is fast; answers whether it was. */
async function clearFast(pool: NbdPool, ledger: WriteLedger, signal: AbortSignal): Promise<boolean> {
  if (!can(pool.export, 'fastZero')) return false;
  try {
    await ledger.changing(() =>
      inPieces(0, pool.export.size, EFFECT_BYTES, signal, (at, length, inner) =>
        pool.run(inner, (connection) => connection.writeZeroes(at, length, COMMAND_FLAG.fastZero, inner)),
      ),
    );
    return true;
  } catch (error) {
    if (error instanceof NbdServerError && error.code === 'nbd_unsupported') return false;
    throw error;
  }
}

/** Whether block status says of every byte that it reads as zero. */
async function allZero(pool: NbdPool, signal: AbortSignal): Promise<boolean> {
  if (!pool.export.contexts.has(ALLOCATION_CONTEXT)) return false;
  let seen = 0;
  for await (const { flags } of statusExtents(pool, ALLOCATION_CONTEXT, 1, signal)) {
    seen += 1;
    if ((flags & STATE_ZERO) === 0 || seen > MOST_ZERO_EXTENTS) return false;
  }
  return true;
}

/** Whether the server holds confirmed writes that no flush has covered, and whether they can still be relied on. */
class WriteLedger {
  /** Every write goes through to the server's disk: none depends on a flush. */
  writesThrough = false;
  #changes = 0;
  #flushed = 0;
  #losses = 0;
  #lost: NbdError | undefined;

  connectionLost(reason: NbdError): void {
    this.#losses += 1;
    if (this.#changes !== this.#flushed) this.#giveUp(reason);
  }

  assertSound(): void {
    if (this.#lost) throw this.#lost;
  }

  /** Counts once the server has confirmed it; who broke meanwhile may have been who confirmed it. */
  async changing(work: () => Promise<void>): Promise<void> {
    const losses = this.#losses;
    await work();
    if (this.writesThrough) return;
    this.#changes += 1;
    if (this.#losses !== losses) this.#giveUp(undefined);
    this.assertSound();
  }

  /** What the flush covers is what was confirmed when it began. */
  async flushing(work: () => Promise<void>): Promise<void> {
    const covered = this.#changes;
    await work();
    this.assertSound();
    this.#flushed = Math.max(this.#flushed, covered);
  }

  #giveUp(cause: NbdError | undefined): void {
    this.#lost ??= new NbdError(
      'nbd_writes_lost',
      'a connection to the NBD server was lost before a flush: data written since the last one may be gone, write it again',
      { cause },
    );
  }
}

const ZEROS = new Uint8Array(1024 * 1024);

class Writer implements NbdWriter {
  readonly size: number;
  readonly capabilities: NbdWriter['capabilities'];
  readonly #pool: NbdPool;
  readonly #ledger: WriteLedger;
  readonly #locks = new BlockLocks();
  readonly #requestBytes: number;
  /** Where the server cannot flush, every write goes through to its disk. */
  readonly #through: number;
  readonly #zeroFlags: number;
  #fresh: boolean;
  #failedFlush: NbdError | undefined;
  #closed = false;

  constructor(
    pool: NbdPool,
    ledger: WriteLedger,
    options: NbdWriterOptions & { size: number },
    fresh: boolean,
  ) {
    const { minimumBlock, maximumPayload } = pool.export;
    this.#pool = pool;
    this.#ledger = ledger;
    this.size = options.size;
    this.#fresh = fresh;
    this.#requestBytes = requestSize(options.requestBytes ?? DEFAULT_REQUEST, minimumBlock, maximumPayload);
    this.#through = !can(pool.export, 'flush') && can(pool.export, 'fua') ? COMMAND_FLAG.fua : 0;
    ledger.writesThrough = this.#through !== 0;
    this.#zeroFlags = this.#through | (options.thick === true ? COMMAND_FLAG.noHole : 0);
    const isFresh = (): boolean => this.#fresh;
    this.capabilities = {
      randomAccess: true,
      needsMap: false,
      get readsAsZero() {
        return isFresh();
      },
    };
  }

  get connections(): number {
    return this.#pool.connections;
  }

  async write(offset: number, data: Uint8Array, signal: AbortSignal): Promise<void> {
    this.#check(offset, data.length, signal);
    if (data.length === 0) return;
    this.#fresh = false;
    await this.#change(offset, data.length, signal, {
      inner: (start, end) => this.#writeBlocks(start, data.subarray(start - offset, end - offset), signal),
      part: (from, to) => data.subarray(from - offset, to - offset),
    });
  }

  async zero(offset: number, length: number, signal: AbortSignal): Promise<void> {
    this.#check(offset, length, signal);
    if (length === 0) return;
    await this.#change(offset, length, signal, {
      inner: (start, end) => this.#zeroBlocks(start, end - start, signal),
      part: (from, to) => new Uint8Array(to - from),
    });
  }

  async trim(offset: number, length: number, signal: AbortSignal): Promise<void> {
    this.#check(offset, length, signal);
    if (!can(this.#pool.export, 'trim')) return;
    const { innerStart, innerEnd } = blockSpan(offset, length, this.#pool.export.minimumBlock);
    if (innerEnd <= innerStart) return;
    this.#fresh = false;
    await this.#ledger.changing(() =>
      inPieces(innerStart, innerEnd - innerStart, EFFECT_BYTES, signal, (at, bytes, inner) =>
        this.#pool.run(inner, (connection) => connection.trim(at, bytes, this.#through, inner)),
      ),
    );
  }

  async flush(signal: AbortSignal): Promise<void> {
    this.#check(0, 0, signal);
    if (!can(this.#pool.export, 'flush')) return;
    // A server, too, may report a failed write-back once only; a second flush would succeed over lost data.
    if (this.#failedFlush) throw this.#failedFlush;
    try {
      await this.#ledger.flushing(() => this.#pool.run(signal, (connection) => connection.flush(signal)));
    } catch (error) {
      if (error instanceof NbdServerError)
        this.#failedFlush = new NbdError(
          'nbd_writes_lost',
          'an earlier flush failed: written data may be lost, write it again',
          { cause: error },
        );
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#pool.close();
  }

  #check(offset: number, length: number, signal: AbortSignal): void {
    if (this.#closed) throw new DiskUsageError('the disk is closed');
    assertInside(offset, length, this.size);
    signal.throwIfAborted();
    this.#ledger.assertSound();
  }

  /** Changes whole blocks by `inner`, and those at the edges by reading them and putting `part` over what was there. */
  async #change(
    offset: number,
    length: number,
    signal: AbortSignal,
    how: {
      readonly inner: (start: number, end: number) => Promise<void>;
      readonly part: (from: number, to: number) => Uint8Array;
    },
  ): Promise<void> {
    const block = this.#pool.export.minimumBlock;
    const { start, end, innerStart, innerEnd } = blockSpan(offset, length, block);
    const edge = (at: number): Promise<void> =>
      this.#locks.during(at, async () => {
        const whole = new Uint8Array(block);
        await this.#pool.run(signal, (connection) => connection.read(at, whole, signal));
        const from = Math.max(at, offset);
        const to = Math.min(at + block, offset + length);
        whole.set(how.part(from, to), from - at);
        await this.#writeBlocks(at, whole, signal);
      });
    await this.#ledger.changing(async () => {
      if (start < innerStart) await edge(start);
      if (innerEnd > innerStart) await how.inner(innerStart, innerEnd);
      if (end > innerEnd && innerEnd >= innerStart) await edge(innerEnd);
    });
  }

  #writeBlocks(offset: number, data: Uint8Array, outer: AbortSignal): Promise<void> {
    return inPieces(offset, data.length, this.#requestBytes, outer, (at, length, inner) => {
      const piece = data.subarray(at - offset, at - offset + length);
      return this.#pool.run(inner, (connection) => connection.write(at, piece, this.#through, inner));
    });
  }

  async #zeroBlocks(offset: number, length: number, signal: AbortSignal): Promise<void> {
    if (!can(this.#pool.export, 'writeZeroes')) return this.#sendZeros(offset, length, signal);
    await inPieces(offset, length, EFFECT_BYTES, signal, async (at, bytes, inner) => {
      try {
        await this.#pool.run(inner, (connection) =>
          connection.writeZeroes(at, bytes, this.#zeroFlags, inner),
        );
      } catch (error) {
        // "Size constraints": it may have no room for as much at once, or not know how after all.
        const tooMuch =
          error instanceof NbdServerError && ['nbd_too_large', 'nbd_unsupported'].includes(error.code);
        if (!tooMuch) throw error;
        await this.#sendZeros(at, bytes, inner);
      }
    });
  }

  #sendZeros(offset: number, length: number, signal: AbortSignal): Promise<void> {
    const most = Math.min(ZEROS.length, this.#requestBytes);
    return inPieces(offset, length, most, signal, (at, bytes, inner) =>
      this.#pool.run(inner, (connection) =>
        connection.write(at, ZEROS.subarray(0, bytes), this.#through, inner),
      ),
    );
  }
}
