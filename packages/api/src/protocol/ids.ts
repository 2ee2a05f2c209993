import { createHash } from 'node:crypto';

/** Ids of what a request makes: the same again when it is sent again under its idempotency key. */
export interface Ids {
  /** Of the n-th thing, from 0. */
  at(index: number): string;
  /** The request was begun before and never answered: what has its ids may be there already. */
  readonly resumed: boolean;
  /** Not all was made, for a reason that may pass: sent again, the request goes on instead of being answered the same. */
  unfinished(): void;
}

/** Without a key, every request is another one. */
export function freshIds(newId: () => string): Ids {
  return { at: () => newId(), resumed: false, unfinished: () => undefined };
}

/** Ids that come from one: the first is that itself, the others look like it (RFC 9562, section 5.8). */
export function idsFrom(baseId: string, resumed: boolean, unfinished: () => void): Ids {
  const at = (index: number): string => {
    if (index === 0) return baseId;
    const hash = createHash('sha256').update(`${baseId}:${index}`).digest('hex');
    const parts = [hash.slice(0, 8), hash.slice(8, 12), `8${hash.slice(13, 16)}`, `8${hash.slice(17, 20)}`];
    return [...parts, hash.slice(20, 32)].join('-');
  };
  return { at, resumed, unfinished };
}
