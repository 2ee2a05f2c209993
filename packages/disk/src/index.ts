export type * from './types.ts';
export {
  CorruptDiskError,
  DiskError,
  DiskSizeError,
  DiskUsageError,
  UnsupportedDiskError,
} from './errors.ts';
