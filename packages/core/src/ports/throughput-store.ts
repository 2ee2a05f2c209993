import type { ProjectScope } from './store.ts';

/** What moved is kept in pieces of time of this length, which begin at its multiples since 1970; milliseconds. */
export const THROUGHPUT_PIECE_MS = 20_000;
/** For so long it is kept; milliseconds. */
export const THROUGHPUT_KEPT_MS = 7 * 24 * 60 * 60 * 1000;

/** Bytes that moved within a piece of time. */
export interface Moved {
  /** When the piece begins; milliseconds since 1970, by the database's clock. */
  readonly at: number;
  readonly bytes: number;
}

/** How fast bytes moved before one looked. What puts the progress of disks (`putDisks`) writes it. */
export interface ThroughputStore {
  /**
   * Bytes that crossed the wire from the sources, in the order of time; a piece in which nothing moved is left out.
   * @param query.since the first piece is the one in which it lies; milliseconds
   * @param query.until before that; milliseconds
   * @param query.pieceMs a multiple of {@link THROUGHPUT_PIECE_MS}
   */
  listThroughput(
    scope: ProjectScope,
    query: {
      readonly since: number;
      readonly until: number;
      readonly pieceMs: number;
      readonly migrationId?: string;
    },
  ): Promise<readonly Moved[]>;
}
