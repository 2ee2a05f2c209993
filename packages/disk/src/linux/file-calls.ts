import { DiskError } from '../errors.ts';

/** A call of the kernel failed. `errno` is its number, such as 95 for EOPNOTSUPP. */
export class FileCallError extends DiskError {
  readonly errno: number;
  constructor(call: string, errno: number) {
    super('disk_io', `${call} failed: errno ${errno}`);
    this.name = 'FileCallError';
    this.errno = errno;
  }
}

/** What the kernel can do with an open file and Node has no way to ask for. Offsets and lengths in bytes. */
export interface FileCalls {
  /** Where the next data begins at or after `offset`; null: there is none up to the end. */
  seekData(fd: number, offset: number): Promise<number | null>;
  /** Where the next hole begins at or after `offset`; the end of the file counts as one. */
  seekHole(fd: number, offset: number): Promise<number>;
  /** Makes the range read as zero and gives its room back to the file system. Within the file's size. */
  punchHole(fd: number, offset: number, length: number): Promise<void>;
  /** Makes the range read as zero, with its room kept. Within the file's size. */
  zeroRange(fd: number, offset: number, length: number): Promise<void>;
  /** Begins to write the range's dirty pages to the disk, without waiting for them. */
  startWriteback(fd: number, offset: number, length: number): Promise<void>;
  /**
   * Waits until the range's pages, as far as that was begun, are on the disk. An error of the disk is told here, and
   * perhaps not again by a later fsync.
   */
  waitWriteback(fd: number, offset: number, length: number): Promise<void>;
  /** Drops the range's clean pages from the page cache: a read after it comes from the disk. Length 0: to the end. */
  dropCache(fd: number, offset: number, length: number): Promise<void>;
}

/** lseek(2), fallocate(2), sync_file_range(2), posix_fadvise(2) and errno(3) of Linux. */
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const ENXIO = 6;
const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;
const FALLOC_FL_ZERO_RANGE = 16;
const SYNC_FILE_RANGE_WAIT_BEFORE = 1;
const SYNC_FILE_RANGE_WRITE = 2;
const SYNC_FILE_RANGE_WAIT_AFTER = 4;
const POSIX_FADV_DONTNEED = 4;

type Call = (...args: number[]) => Promise<number>;

/**
 * The calls of this host's C library, or null where there are none: another system than Linux, or one for which the
 * foreign function interface has no build. Nobody must depend on them but for speed.
 */
export async function loadFileCalls(): Promise<FileCalls | null> {
  if (process.platform !== 'linux') return null;
  const loaded = await import('./libc.ts').catch(() => null);
  if (!loaded) return null;
  const { libc } = loaded;
  const checked =
    (name: string, call: Call): Call =>
    async (...args) => {
      const result = await call(...args);
      if (result < 0) throw new FileCallError(name, -result);
      return result;
    };
  const seek = checked('lseek', libc.lseek);
  const allocate = checked('fallocate', libc.fallocate);
  const sync = checked('sync_file_range', libc.syncFileRange);
  const advise = checked('posix_fadvise', libc.fadvise);
  return {
    async seekData(fd, offset) {
      try {
        return await seek(fd, offset, SEEK_DATA);
      } catch (error) {
        if (error instanceof FileCallError && error.errno === ENXIO) return null;
        throw error;
      }
    },
    seekHole: (fd, offset) => seek(fd, offset, SEEK_HOLE),
    async punchHole(fd, offset, length) {
      await allocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
    },
    async zeroRange(fd, offset, length) {
      await allocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, offset, length);
    },
    async startWriteback(fd, offset, length) {
      await sync(fd, offset, length, SYNC_FILE_RANGE_WRITE);
    },
    async waitWriteback(fd, offset, length) {
      const all = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
      await sync(fd, offset, length, all);
    },
    async dropCache(fd, offset, length) {
      await advise(fd, offset, length, POSIX_FADV_DONTNEED);
    },
  };
}
