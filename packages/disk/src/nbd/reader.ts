import { UnsupportedDiskError } from '../errors.ts';
import { rangeReader } from '../range-reader.ts';
import type { DiskReader, Extent } from '../types.ts';
import { blockSpan } from './blocks.ts';
import { type LentExport, lentExport } from './local-export.ts';
import { inPieces, overConnections } from './pieces.ts';
import { can, type NbdExport } from './negotiate.ts';
import { NbdPool, type NbdPoolOptions } from './pool.ts';
import { ALLOCATION_CONTEXT, STATE_ZERO } from './protocol.ts';
import { statusExtents } from './status.ts';

export interface NbdReaderOptions extends NbdPoolOptions {
  /** Bytes that one request reads at most; the server may want less. Default 1 MiB. */
  readonly requestBytes?: number;
  /**
   * How often a read is made when its connection broke, each time on another one; those that were open together count
   * once. Default 4.
   */
  readonly readAttempts?: number;
  /** Name of a dirty bitmap that the export offers as `qemu:dirty-bitmap:NAME` (QEMU, docs/interop/nbd.rst). */
  readonly dirtyBitmap?: string;
  /**
   * Threads may connect to it, too, each once, where it is on this host and bears several connections: worth it where what
   * a connection costs the server is nothing, and the bytes come from this host.
   */
  readonly threads?: boolean;
}

/** A reader of an NBD export. */
export interface NbdReader extends DiskReader {
  /**
   * What the bitmap says was written since it began, ascending and disjoint. Throws `UnsupportedDiskError` if no
   * `dirtyBitmap` was asked for.
   */
  dirty(signal: AbortSignal): AsyncIterable<Extent>;
  /** Connections that take requests now. */
  readonly connections: number;
}

const DEFAULT_REQUEST = 1024 * 1024;
const BITMAP_NAMESPACE = 'qemu:dirty-bitmap:';
/** QEMU, docs/interop/nbd.rst: bit 0 says that the extent is dirty. */
const STATE_DIRTY = 1;

/**
 * Opens an export for reading at any offset. Its map comes of `base:allocation` where the server offers that: what
 * it calls zero is never read. A hole that is not known to be zero counts as data.
 * Throws `NbdError` for each way in which a server can refuse; `UnsupportedDiskError` for a size beyond use, or if there is
 * no such bitmap. Reads throw `NbdServerError` where the server says so, other `NbdError`s when all attempts broke.
 */
export async function openNbdReader(options: NbdReaderOptions, signal: AbortSignal): Promise<NbdReader> {
  const attempts = options.readAttempts ?? 4;
  const bitmap = options.dirtyBitmap === undefined ? undefined : `${BITMAP_NAMESPACE}${options.dirtyBitmap}`;
  const pool = await NbdPool.open(
    { ...options, othersWhenNeeded: options.threads === true },
    [ALLOCATION_CONTEXT, ...(bitmap === undefined ? [] : [bitmap])],
    signal,
  );
  const { size, contexts, maximumPayload, minimumBlock } = pool.export;
  if (bitmap !== undefined && !contexts.has(bitmap)) {
    await pool.close();
    throw new UnsupportedDiskError(
      `the NBD export has no dirty bitmap ${JSON.stringify(options.dirtyBitmap)}`,
    );
  }
  const most = requestSize(options.requestBytes ?? DEFAULT_REQUEST, minimumBlock, maximumPayload);

  const readBlocks = (offset: number, into: Uint8Array, outer: AbortSignal): Promise<void> =>
    inPieces(offset, into.length, most, outer, (at, length, inner) => {
      const piece = into.subarray(at - offset, at - offset + length);
      return overConnections(pool, attempts, inner, (connection) => connection.read(at, piece, inner));
    });
  const local = options.threads === true ? lent(options, pool.export, most) : undefined;
  const reader = rangeReader({
    size,
    ...(contexts.has(ALLOCATION_CONTEXT) ? { map: (inner) => dataExtents(pool, attempts, inner) } : {}),
    readRange: (offset, buffer, inner) => readUnaligned(offset, buffer, minimumBlock, inner, readBlocks),
    close: () => pool.close(),
  });
  return {
    ...reader,
    ...(local ? { local } : {}),
    get connections() {
      return pool.connections;
    },
    dirty: (inner) => {
      if (bitmap === undefined)
        throw new UnsupportedDiskError('the NBD export was opened without a dirty bitmap');
      return matching(pool, bitmap, attempts, inner, (flags) => (flags & STATE_DIRTY) !== 0);
    },
  };
}

/** What threads need to read it by themselves; undefined where they cannot. */
function lent(
  { target, tls }: NbdReaderOptions,
  opened: NbdExport,
  requestBytes: number,
): LentExport | undefined {
  const { address, exportName, secure } = target;
  if (address.kind !== 'unix' || secure || tls !== undefined || !can(opened, 'multiConn')) return undefined;
  const { size, flags, minimumBlock } = opened;
  return lentExport({ path: address.path, exportName, size, flags, minimumBlock, requestBytes });
}

/** Whole blocks, no more than the server takes, at least one. */
export function requestSize(wanted: number, block: number, most: number): number {
  return Math.max(block, Math.min(wanted, most) - (Math.min(wanted, most) % block));
}

const dataExtents = (pool: NbdPool, attempts: number, signal: AbortSignal): AsyncGenerator<Extent> =>
  matching(pool, ALLOCATION_CONTEXT, attempts, signal, (flags) => (flags & STATE_ZERO) === 0);

async function* matching(
  pool: NbdPool,
  context: string,
  attempts: number,
  signal: AbortSignal,
  wanted: (flags: number) => boolean,
): AsyncGenerator<Extent> {
  let held: Extent | undefined;
  for await (const { offset, length, flags } of statusExtents(pool, context, attempts, signal)) {
    if (!wanted(flags)) continue;
    if (held && held.offset + held.length === offset)
      held = { offset: held.offset, length: held.length + length };
    else {
      if (held) yield held;
      held = { offset, length };
    }
  }
  if (held) yield held;
}

/** Reads whole blocks where the server has no smaller ones, straight into the buffer where it can. */
async function readUnaligned(
  offset: number,
  buffer: Uint8Array,
  block: number,
  signal: AbortSignal,
  readBlocks: (offset: number, into: Uint8Array, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { start, end, innerStart, innerEnd } = blockSpan(offset, buffer.length, block);
  if (start === innerStart && end === innerEnd) return readBlocks(offset, buffer, signal);
  const edge = async (at: number): Promise<void> => {
    const whole = new Uint8Array(block);
    await readBlocks(at, whole, signal);
    const from = Math.max(at, offset);
    const to = Math.min(at + block, offset + buffer.length);
    buffer.set(whole.subarray(from - at, to - at), from - offset);
  };
  if (start < innerStart) await edge(start);
  if (innerEnd > innerStart)
    await readBlocks(innerStart, buffer.subarray(innerStart - offset, innerEnd - offset), signal);
  if (end > innerEnd && innerEnd >= innerStart) await edge(innerEnd);
}
