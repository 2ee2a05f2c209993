import type { Moving } from '../live/progress.ts';

/** What is remembered while one looks, however long that is. */
export const MOST_PIECES = 400;

/** What moves while one looks, measured in the same pieces of time as what moved before. */
export interface Meter {
  /** Bytes that each disk had read when it was last seen; null: nothing was seen yet. */
  readonly read: ReadonlyMap<string, number> | null;
  /** Bytes, by the moment at which their piece begins; seconds. */
  readonly pieces: ReadonlyMap<number, number>;
}
export const UNREAD: Meter = { read: null, pieces: new Map() };

/**
 * With what the disks have read by now. The first look only remembers, for what was read before it the history
 * tells; so does the first look at a disk. Every attempt of a copy counts from 0.
 * @param at when they were seen; seconds
 * @param seconds how long a piece is
 */
export function measured({ read, pieces }: Meter, moving: Moving, at: number, seconds: number): Meter {
  const seen = new Map<string, number>();
  let bytes = 0;
  for (const [id, disks] of moving)
    for (const { key, bytes_read: now } of disks) {
      const disk = `${id} ${key}`;
      seen.set(disk, now);
      const before = read?.get(disk) ?? now;
      bytes += now < before ? now : now - before;
    }
  if (bytes === 0) return { read: seen, pieces };
  const start = Math.floor(at / seconds) * seconds;
  const next = new Map(pieces).set(start, (pieces.get(start) ?? 0) + bytes);
  const [oldest] = next.keys();
  if (next.size > MOST_PIECES && oldest !== undefined) next.delete(oldest);
  return { read: seen, pieces: next };
}
