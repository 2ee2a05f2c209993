import type { Bench } from './bench.ts';
import { diskToDisk } from './benches/disk-to-disk.ts';
import { exportToGlance, exportToSink } from './benches/export.ts';
import { fourAtOnce } from './benches/four-at-once.ts';
import { httpsRanges } from './benches/https-ranges.ts';
import { flatMemory } from './benches/memory.ts';
import { toActive } from './benches/to-active.ts';
import { verification } from './benches/verification.ts';

/** In the order of the issue that set their goals. */
export const benches: readonly Bench[] = [
  diskToDisk,
  httpsRanges,
  exportToSink,
  exportToGlance,
  fourAtOnce,
  flatMemory,
  verification,
  toActive,
];
