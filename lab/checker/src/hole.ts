import { spawnSync } from 'node:child_process';

const PROGRAM = `
import errno, os, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
try:
    print(os.lseek(fd, int(sys.argv[2]), os.SEEK_DATA))
except OSError as error:
    if error.errno != errno.ENXIO:
        raise
    print(-1)
`;

/**
 * Whether a sparse file holds nothing from an offset on: by lseek's SEEK_DATA, which Node does not have, asked of
 * Python. False also when nobody can tell: then it must be read. Reading gigabytes of holes takes seconds.
 */
export function isHoleFrom(path: string, offset: number): boolean {
  const { status, stdout } = spawnSync('python3', ['-c', PROGRAM, path, String(offset)], {
    encoding: 'utf8',
  });
  return status === 0 && stdout.trim() === '-1';
}
