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
export { hasLibdeflate } from './linux/libdeflate.ts';
export { InflateThreads } from './threads/inflate-threads.ts';
export { copyDisk } from './copy/copy-disk.ts';
export type { CopyCheckpoint, CopyJob, CopyResumption } from './copy/copy-job.ts';
export type { CopyBudget } from './copy/session.ts';
export { CopyMemory } from './copy/memory.ts';
export { CopyRate } from './copy/rate.ts';
export { ChunkThreads, type ChunkThreadsOptions } from './copy/threads/chunk-threads.ts';
export { DiskStalledError, type Retry, type RetryPolicy } from './copy/attempts.ts';
export { verifyDisk, type VerifyJob } from './copy/verify-disk.ts';
export { repairDisk, type RepairJob, type RepairResult } from './copy/repair-disk.ts';
export { chunkDigest } from './copy/digest.ts';
export { digestRuns } from './copy/digest-log.ts';
export type { CopyClock } from './copy/clock.ts';
export { rawImageStream } from './image/raw.ts';
export type { ImageStream } from './image/image-stream.ts';
export type { SentStream } from './image/hand-over.ts';
export { qcow2ImageStream } from './image/qcow2.ts';
export {
  alignExtents,
  clipExtents,
  complementExtents,
  intersectExtents,
  mergeExtents,
  subtractExtents,
  totalBytes,
} from './extents.ts';
export { openDiskFile, type DiskFile, type OpenDiskFileOptions } from './file/open-disk-file.ts';
export type { DiskFileFormat } from './file/probe.ts';
export { openVmdk, type OpenDiskOptions } from './vmdk/open-vmdk.ts';
export { openQcow2, type OpenQcow2Options } from './qcow2/open-qcow2.ts';
export { openOva, type Ova, type OvaDisk } from './ova/open-ova.ts';
export { openNbdReader, type NbdReader, type NbdReaderOptions } from './nbd/reader.ts';
export { openNbdWriter, type NbdWriter, type NbdWriterOptions } from './nbd/writer.ts';
export { listNbdExports } from './nbd/list.ts';
export { parseNbdUri, type NbdTarget } from './nbd/uri.ts';
export { NbdError, NbdServerError } from './nbd/errors.ts';
export { askNbdkitPlugin, type AskPluginParts } from './nbdkit/ask-plugin.ts';
export { type NbdkitCommand } from './nbdkit/command.ts';
export { NbdkitError, type NbdkitErrorCode } from './nbdkit/errors.ts';
export { checkRunDir, cleanNbdkitFolders } from './nbdkit/folder.ts';
export { openNbdkitReader, type NbdkitReaderOptions } from './nbdkit/reader.ts';
export { type NbdkitParts } from './nbdkit/server.ts';
export { openQemuReader, openQemuWriter, type QemuDiskOptions } from './qemu-nbd/open.ts';
export { QemuNbdError } from './qemu-nbd/errors.ts';
export { wholeQcow2Size } from './qemu-nbd/qcow2-header.ts';
