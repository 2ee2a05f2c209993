import koffi from 'koffi';

type Call = (...args: number[]) => Promise<number>;

const library = koffi.load(null);

/** The call on a thread of the pool; a negative errno instead of -1. */
function call(prototype: string): Call {
  const native = library.func(prototype);
  return (...args) =>
    new Promise((resolve, reject) => {
      native.async(...args, (error: Error | null, result: number | bigint) => {
        if (error) reject(error);
        else resolve(Number(result) === -1 ? -koffi.errno() : Number(result));
      });
    });
}

/** posix_fadvise answers the errno itself. */
const fadvise = call('int posix_fadvise(int fd, int64 offset, int64 length, int advice)');

/** Of the C library this process runs with, 64-bit offsets; glibc and musl have these names alike. */
export const libc = {
  lseek: call('int64 lseek(int fd, int64 offset, int whence)'),
  fallocate: call('int fallocate(int fd, int mode, int64 offset, int64 length)'),
  syncFileRange: call('int sync_file_range(int fd, int64 offset, int64 length, unsigned int flags)'),
  fadvise: async (...args: number[]) => -(await fadvise(...args)),
};
