export type * from './types.ts';
export {
  CorruptDiskError,
  DiskError,
  DiskSizeError,
  DiskUsageError,
  UnsupportedDiskError,
} from './errors.ts';
export { DiskMapError } from './map.ts';
export { rangeReader, type RangeSource } from './range-reader.ts';
export { openRawFile, type RawFileOptions } from './raw-file.ts';
export { openDeviceWriter, type DeviceWriterOptions } from './device-writer.ts';
export { openStreamVmdk, type StreamVmdkOptions } from './vmdk/stream.ts';
