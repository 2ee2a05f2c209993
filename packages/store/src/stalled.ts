/**
 * How long a transaction may do nothing before the database ends it; seconds. A process that is stopped or cut off in
 * the middle of one would hold its locks, and with them every scheduler and whoever takes its work over, for as long
 * as its connection lasts. Ours take milliseconds.
 */
export const STALLED_SECONDS = 4;
