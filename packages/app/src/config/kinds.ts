import { delimiter, resolve } from 'node:path';

/** What a setting's value may be. */
export interface Kind<T> {
  readonly name: string;
  /** In words, after "must be". */
  readonly must: string;
  /** A value of the file (any YAML) or of the environment (a text). Null: it is none. */
  readonly read: (given: unknown) => T | null;
  /** As the file would have it. */
  write(value: T): string | number | boolean;
}

const same = <T>(value: T): T => value;
const text = (given: unknown): string | null => (typeof given === 'string' && given !== '' ? given : null);

export const TEXT: Kind<string> = { name: 'text', must: 'a text', read: text, write: same };

/** A file or a folder; a relative one lies below the folder that `guts` is started in. */
export const PATH: Kind<string> = {
  name: 'path',
  must: 'a path',
  read: (given) => {
    const path = text(given);
    return path === null ? null : resolve(path);
  },
  write: same,
};

export const PATHS: Kind<readonly string[]> = {
  name: 'paths',
  must: `folders, separated by ${delimiter === ':' ? 'colons' : delimiter}, or a list of them`,
  read: (given) => {
    const list = Array.isArray(given) ? (given as unknown[]) : text(given)?.split(delimiter).filter(Boolean);
    if (!list || list.length === 0) return null;
    const paths = list.map(text);
    return paths.every((one) => one !== null) ? paths.map((one) => resolve(one)) : null;
  },
  write: (paths) => paths.join(delimiter),
};

/** Texts without blanks, in their order. */
export const WORDS: Kind<readonly string[]> = {
  name: 'words',
  must: 'words, separated by blanks, or a list of them',
  read: (given) => {
    const list = Array.isArray(given) ? (given as unknown[]) : text(given)?.split(/\s+/).filter(Boolean);
    if (!list || list.length === 0) return null;
    const words = list.map(text);
    return words.every((one) => one !== null && !/\s/.test(one)) ? (words as string[]) : null;
  },
  write: (words) => words.join(' '),
};

export const FLAG: Kind<boolean> = {
  name: 'true or false',
  must: 'true or false',
  read: (given) => {
    if (typeof given === 'boolean') return given;
    return given === 'true' || given === 'false' ? given === 'true' : null;
  },
  write: same,
};

/** Ways of VDDK to data (VixDiskLib_ListTransportModes). */
export const VDDK_MODES: Kind<string> = {
  name: 'transport modes',
  must: 'transport modes of VDDK with colons between, like nbdssl:nbd',
  read: (given) => {
    const modes = text(given);
    return modes !== null && /^[a-z]+(?::[a-z]+)*$/.test(modes) ? modes : null;
  },
  write: same,
};

/** Where a server is reached over HTTP. */
export const WEB_ADDRESS: Kind<string> = {
  name: 'http(s) address',
  must: 'like https://guts.example.org',
  read: (given) => {
    const address = text(given);
    // No `;` in its path: a cookie for a path cannot have it.
    const good = address !== null && /^https?:\/\/[^/?#@\s]+(\/[^?#\s;]*)?$/.test(address);
    return good && URL.canParse(address) ? address : null;
  },
  write: same,
};

/** Where a database or a broker is; may hold a password, which is never shown. */
export const SERVER_ADDRESS: Kind<string> = {
  name: 'address',
  must: 'an address, such as those of the reference',
  read: (given) => {
    const address = text(given);
    return address !== null && /^[a-z][a-z0-9+.-]*:/i.test(address) ? address : null;
  },
  write: same,
};

/** @param least @param most both allowed */
export function whole(least = 0, most = Number.MAX_SAFE_INTEGER): Kind<number> {
  return {
    name: 'whole number',
    must: `a whole number of ${least} or more${most === Number.MAX_SAFE_INTEGER ? '' : `, and at most ${most}`}`,
    read: (given) => {
      const number = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : given;
      if (typeof number !== 'number' || !Number.isSafeInteger(number)) return null;
      return number >= least && number <= most ? number : null;
    },
    write: same,
  };
}

/** What Node's timers can count: 2^31 - 1 ms; a longer wait would end at once. */
const LONGEST_MILLISECONDS = 2 ** 31 - 1;
export const milliseconds = (least = 0): Kind<number> => whole(least, LONGEST_MILLISECONDS);
export const seconds = (least = 0): Kind<number> => whole(least, Math.floor(LONGEST_MILLISECONDS / 1000));

export function oneOf<const T extends string>(words: readonly T[]): Kind<T> {
  return {
    name: words.join(', '),
    must: `one of ${words.join(', ')}`,
    read: (given) => words.find((word) => word === given) ?? null,
    write: same,
  };
}
