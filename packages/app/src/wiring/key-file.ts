import {
  closeSync,
  fchownSync,
  fsyncSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { GutsError, messageOf } from '@guts/core';
import { KeyRing } from './key-ring.ts';

/** Where the ring comes from; read again when it was changed. */
export interface KeySource {
  /** As it was last read. */
  ring(): KeyRing;
  /** As the file is now. @throws GutsError `configuration` when it is lost, damaged or open to others */
  fresh(): KeyRing;
}

function asConfiguration(path: string, error: unknown): GutsError {
  if (error instanceof GutsError) return error;
  const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  return new GutsError(
    'configuration',
    `key file ${path}: ${missing ? 'it is not there' : messageOf(error)}`,
    {
      cause: error,
      field: 'key_file',
      ...(missing
        ? {
            remedy:
              'Bring it back from a backup or from another host; without its keys every secret must be given anew.',
          }
        : {}),
    },
  );
}

/** Reads the file through one descriptor, so that what is checked is what is read. */
function readRing(path: string): { ring: KeyRing; stamp: string } {
  const file = openSync(path, 'r');
  try {
    const stat = fstatSync(file);
    if ((stat.mode & 0o027) !== 0)
      throw new GutsError(
        'configuration',
        `key file ${path}: its mode ${(stat.mode & 0o777).toString(8).padStart(4, '0')} lets others ${(stat.mode & 0o005) === 0 ? 'write it' : 'read it'}`,
        {
          field: 'key_file',
          remedy: `Run chmod 0600 ${path}. If other users of this host could read it, rotate: guts secret rotate.`,
        },
      );
    return { ring: KeyRing.parse(readFileSync(file, 'utf8'), `key file ${path}`), stamp: stampOf(stat) };
  } finally {
    closeSync(file);
  }
}

interface Stat {
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}
const stampOf = ({ ino, size, mtimeMs, ctimeMs }: Stat): string => [ino, size, mtimeMs, ctimeMs].join(' ');

/** @throws GutsError `configuration` when it is lost, damaged or open to others */
export function keyFile(path: string): KeySource {
  let last: { ring: KeyRing; stamp: string };
  const read = (): KeyRing => {
    try {
      last = readRing(path);
      return last.ring;
    } catch (error) {
      throw asConfiguration(path, error);
    }
  };
  read();
  return {
    ring: () => last.ring,
    fresh: () => {
      try {
        if (stampOf(statSync(path)) === last.stamp) return last.ring;
      } catch (error) {
        throw asConfiguration(path, error);
      }
      return read();
    },
  };
}

/** Writes a file whole and durably beside where it will be. */
function writeBeside(path: string, text: string, owner: { uid: number; gid: number } | null): string {
  const beside = `${path}.new`;
  rmSync(beside, { force: true });
  const file = openSync(beside, 'wx', 0o600);
  try {
    // Who rotates as root must not take the file from the daemons' user.
    if (owner) {
      const mine = fstatSync(file);
      if (mine.uid !== owner.uid || mine.gid !== owner.gid) fchownSync(file, owner.uid, owner.gid);
    }
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return beside;
}

function syncFolder(path: string): void {
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Makes the file with one key unless it is there; also when several daemons do so at once. */
export function makeKeyFile(path: string): void {
  const ring = KeyRing.of([KeyRing.newKey('settled', 0)], 'the key ring');
  const beside = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const written = writeBeside(beside, ring.toText(), null);
    try {
      // Appears whole or not at all, and never over one that is there.
      linkSync(written, path);
      syncFolder(path);
    } finally {
      rmSync(written, { force: true });
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw asConfiguration(path, error);
  }
}

/** The ring takes the place of the file's, whole or not at all. @throws GutsError `configuration` */
export function writeKeyFile(path: string, ring: KeyRing): void {
  try {
    const real = realpathSync(path);
    const { uid, gid } = statSync(real);
    renameSync(writeBeside(real, ring.toText(), { uid, gid }), real);
    syncFolder(real);
  } catch (error) {
    throw asConfiguration(path, error);
  }
}
