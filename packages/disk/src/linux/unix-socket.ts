import koffi from 'koffi';

/** socket(2), socket(7), unix(7) of Linux. */
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0x80000;
const SOL_SOCKET = 1;
/** Those whose numbers these are. */
const ARCHITECTURES: readonly string[] = ['x64', 'arm64'];
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const PATH_BYTES = 108;
/** EAGAIN: what a call answers that waited its time. */
const TIMED_OUT = 11;

const library = koffi.load(null);
const socket = library.func('int socket(int domain, int type, int protocol)');
const connect = library.func('int connect(int fd, const void *address, unsigned int length)');
const setOption = library.func(
  'int setsockopt(int fd, int level, int name, const void *value, unsigned int length)',
);
const close = library.func('int close(int fd)');

/** Whether an error says only that a call on such a socket waited its time. */
export const isTimeOut = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException | null)?.errno === -TIMED_OUT;

/**
 * Connects to a Unix socket, for calls that wait: `readSync` and `writeSync` on the number that it gives. Each of them
 * waits so long at most, and then throws EAGAIN. It is closed by {@link closeUnix}.
 * @throws Error with the errno that a call answered
 */
export function connectUnix(path: string, waitSeconds: number): number {
  if (process.platform !== 'linux' || !ARCHITECTURES.includes(process.arch))
    throw new Error(`not tried on ${process.platform} ${process.arch}`);
  const name = Buffer.from(path);
  if (name.length === 0 || name.length >= PATH_BYTES) throw new Error(`no path of a socket: ${path}`);
  const checked = (call: string, result: number): number => {
    if (result === -1) throw new Error(`${call} ${path}: errno ${koffi.errno()}`);
    return result;
  };
  const fd = checked('socket', socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) as number);
  try {
    const time = Buffer.alloc(16);
    time.writeBigInt64LE(BigInt(waitSeconds), 0);
    for (const option of [SO_RCVTIMEO, SO_SNDTIMEO])
      checked('setsockopt', setOption(fd, SOL_SOCKET, option, time, time.length) as number);
    const address = Buffer.alloc(2 + PATH_BYTES);
    address.writeUInt16LE(AF_UNIX, 0);
    name.copy(address, 2);
    checked('connect', connect(fd, address, address.length) as number);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** Not by `closeSync`, which in a thread warns of numbers that Node did not open. */
export function closeUnix(fd: number): void {
  close(fd);
}
