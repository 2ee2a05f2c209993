import { ProtocolError } from '../errors.ts';
import type { VSphereSession } from '../session.ts';
import { type ManagedRef, safeBytes } from '../xml/element.ts';

export interface Area {
  /** Bytes. */
  readonly offset: number;
  readonly length: number;
}

/** An answer covers about 2,000 areas; a disk in more pieces than this many answers is read whole. */
const MAX_QUERIES = 4096;

/**
 * What changed on a disk since a change id; `*`: what is allocated at all. Pages until the disk's capacity: an
 * answer without areas is not the end. Areas come ascending and disjoint, in bytes.
 * @throws VSphereFaultError `FileFault` when tracking is off, was reset, or the machine runs without a snapshot
 * @throws ProtocolError when the answers are too many, do not move forward or leave the disk: nobody knows the map
 */
export async function* changedAreas(
  session: VSphereSession,
  options: {
    readonly vm: ManagedRef;
    /** Null: the present state of a machine that is off. */
    readonly snapshot: ManagedRef | null;
    readonly deviceKey: number;
    readonly changeId: string;
    /** Bytes. */
    readonly capacity: number;
    readonly signal: AbortSignal;
    /** How many answers the map may have; {@link MAX_QUERIES} unless told. */
    readonly maxQueries?: number;
  },
): AsyncGenerator<Area, void> {
  const { vm, snapshot, deviceKey, changeId, capacity, signal, maxQueries = MAX_QUERIES } = options;
  let position = 0;
  let last = 0;
  for (let query = 0; position < capacity; query += 1) {
    if (query >= maxQueries)
      throw new ProtocolError(`QueryChangedDiskAreas: more than ${maxQueries} answers for one disk`);
    const answer = await session.callOne(
      'QueryChangedDiskAreas',
      vm,
      [
        ['snapshot', snapshot ? { ref: snapshot } : undefined],
        ['deviceKey', deviceKey],
        ['startOffset', position],
        ['changeId', changeId],
      ],
      { signal },
    );
    const start = safeBytes(answer.get('startOffset').long(), 'startOffset');
    const length = safeBytes(answer.get('length').long(), 'length');
    if (start > position || start + length <= position)
      throw new ProtocolError(
        `QueryChangedDiskAreas: asked from ${position}, the answer covers ${start}+${length} and moves nothing forward`,
      );
    for (const one of answer.all('changedArea')) {
      const offset = safeBytes(one.get('start').long(), 'start');
      const size = safeBytes(one.get('length').long(), 'length');
      if (offset < last || offset + size > capacity)
        throw new ProtocolError(
          `QueryChangedDiskAreas: area ${offset}+${size} is out of order or off the disk`,
        );
      last = offset + size;
      if (size > 0) yield { offset, length: size };
    }
    position = start + length;
  }
}
