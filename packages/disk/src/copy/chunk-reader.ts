import type { DiskReader } from '../types.ts';
import type { Gate } from './gate.ts';
import type { Session } from './session.ts';
import type { DataWork } from './source-work.ts';

/**
 * Reads the parts of a chunk, by as many attempts as it takes; what lies between them is left as it is. Each attempt
 * has a buffer of its own: one that was given up may still be filled.
 * @param what the reader is, in errors: `the source`
 * @param buffer of the chunk's length, of the session's memory
 * @returns that, or the one that was read to instead
 */
export function readChunk(
  { memory, attempts, gate, signal }: Session,
  reader: DiskReader,
  what: string,
  work: DataWork,
  buffer: Uint8Array,
): Promise<Uint8Array> {
  return attempts.retried(what, signal, async (inner, attempt) => {
    const into = attempt === 1 ? buffer : memory.swap(buffer);
    await readParts(reader, gate, work, into, inner);
    return into;
  });
}

async function readParts(
  reader: DiskReader,
  gate: Gate,
  work: DataWork,
  buffer: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const reads = work.parts.map(({ offset, length }) =>
    gate.through(signal, () =>
      reader.read(work.offset + offset, buffer.subarray(offset, offset + length), signal),
    ),
  );
  // All of them have ended before the buffer is used again, also when one fails.
  for (const result of await Promise.allSettled(reads)) if (result.status === 'rejected') throw result.reason;
}
