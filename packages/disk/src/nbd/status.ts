import { protocolError } from './errors.ts';
import { overConnections } from './pieces.ts';
import type { NbdPool } from './pool.ts';
import type { Extent } from '../types.ts';

/** Bytes that one request asks about: any server answers that soon, and a disk of 4 TiB takes 2048 requests. */
const PAGE = 2 ** 31;

/** A run of one state, in bytes of the export. */
export interface StatusExtent extends Extent {
  /** The metadata context's flags. */
  readonly flags: number;
}

/**
 * Walks the whole export by block status: covers [0, size) in order, neighbours of the same flags joined within a
 * reply ("NBD_CMD_BLOCK_STATUS": a server may answer for less or more than was asked).
 * Throws `NbdError` (`nbd_protocol`) if the server's answers do not advance.
 */
export async function* statusExtents(
  pool: NbdPool,
  context: string,
  attempts: number,
  signal: AbortSignal,
): AsyncGenerator<StatusExtent> {
  const { size, minimumBlock } = pool.export;
  let told = 0;
  let ask = 0;
  while (told < size) {
    const from = ask;
    const descriptors = await overConnections(pool, attempts, signal, async (connection) => {
      const chunks = await connection.blockStatus(from, Math.min(PAGE, size - from), signal);
      // Its number may be another on each connection.
      return chunks.get(connection.export.contexts.get(context) ?? -1);
    });
    if (!descriptors) throw protocolError(`after connecting anew it no longer tells of ${context}`);
    let at = from;
    for (const { length, flags } of runs(descriptors)) {
      const end = Math.min(size, at + length);
      if (end > told) yield { offset: told, length: end - told, flags };
      told = Math.max(told, end);
      at = end;
    }
    // Only where blocks begin may be asked about; what is then told twice is left out above.
    ask = at === size ? size : at - (at % minimumBlock);
    if (ask <= from) throw protocolError('what it tells of allocation does not advance');
  }
}

/** The descriptors of a reply, equal neighbours joined. Throws `NbdError` (`nbd_protocol`) for an empty one. */
function* runs(descriptors: Buffer): Generator<{ length: number; flags: number }> {
  let length = 0;
  let flags = 0;
  for (let at = 0; at < descriptors.length; at += 8) {
    const next = descriptors.readUInt32BE(at);
    const state = descriptors.readUInt32BE(at + 4);
    if (next === 0) throw protocolError('it tells of an extent of no bytes');
    if (length > 0 && state !== flags) {
      yield { length, flags };
      length = 0;
    }
    length += next;
    flags = state;
  }
  yield { length, flags };
}
