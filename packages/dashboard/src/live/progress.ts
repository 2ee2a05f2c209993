import type { Disk, Migration } from '@guts/contract';

/** How far the disks of a migration are together. */
export interface Progress {
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** Null: nothing moves, or it is not known yet. */
  readonly bytesPerSecond: number | null;
  readonly etaSeconds: number | null;
}

/** Of disks together: they are done when the present rate has brought what is left. */
export function progressOf(disks: readonly Disk[]): Progress {
  const counted = disks.filter(({ state }) => state !== 'skipped');
  const sum = (value: (disk: Disk) => number): number =>
    counted.reduce((total, disk) => total + value(disk), 0);
  const bytesDone = sum((disk) => disk.bytes_done);
  const bytesTotal = sum((disk) => disk.bytes_total);
  const rate = sum((disk) => disk.bytes_per_second ?? 0);
  return {
    bytesDone,
    bytesTotal,
    bytesPerSecond: rate > 0 ? rate : null,
    etaSeconds: rate > 0 ? Math.max(0, Math.ceil((bytesTotal - bytesDone) / rate)) : null,
  };
}

/** 0 to 100, whole. */
export function percentOf({ bytesDone, bytesTotal }: Progress): number {
  return bytesTotal === 0 ? 0 : Math.min(100, Math.floor((bytesDone / bytesTotal) * 100));
}

/** Disks with some of them as they are now. */
export function withDisks(held: readonly Disk[], moved: readonly Disk[]): readonly Disk[] {
  const byKey = new Map(moved.map((disk) => [disk.key, disk]));
  const known = held.map((disk) => byKey.get(disk.key) ?? disk);
  const keys = new Set(held.map(({ key }) => key));
  return [...known, ...moved.filter(({ key }) => !keys.has(key))];
}

/** Statuses in which bytes may move. */
export const RUN: readonly Migration['status'][] = ['running', 'cancelling', 'reverting', 'committing'];

/** Where what moves is held. */
export const MOVING = ['moving'] as const;
/** Disks of migrations that run, by the migration's id. */
export type Moving = ReadonlyMap<string, readonly Disk[]>;

/** What moves, with what the stream tells; who does not run any more is left out. */
export function withMoved(
  held: Moving,
  moved: Readonly<Record<string, readonly Disk[]>>,
  runs: (id: string) => boolean,
): Moving {
  const next = new Map([...held].filter(([id]) => runs(id)));
  for (const [id, disks] of Object.entries(moved)) {
    const known = next.get(id);
    next.set(id, known ? withDisks(known, disks) : disks);
  }
  return next;
}
