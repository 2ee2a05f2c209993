import { createHash } from 'node:crypto';
import { Thread } from './thread.ts';

/** A SHA-512 in the making. */
export interface Sha512 {
  /** Adds bytes behind those added before; resolves when they are digested, and may change. */
  add(bytes: Uint8Array): Promise<void>;
  /** In hexadecimal; once, after the last byte. */
  digest(): Promise<string>;
  close(): Promise<void>;
}

/** Below this many bytes they are digested before a thread has started. */
const WORTH_A_THREAD = 32 * 1024 * 1024;

/**
 * SHA-512 of so many bytes: of many in a thread of their own, for it takes as long as all else that is done with them.
 * That thread reads shared memory where it lies, and is given a copy of other memory.
 */
export function sha512Of(length: number): Sha512 {
  if (length >= WORTH_A_THREAD) return new ThreadSha512();
  const hash = createHash('sha512');
  return {
    add: async (bytes) => void hash.update(bytes),
    digest: async () => hash.digest('hex'),
    close: async () => undefined,
  };
}

class ThreadSha512 implements Sha512 {
  readonly #thread = new Thread(new URL('sha512-thread.js', import.meta.url));

  add(bytes: Uint8Array): Promise<void> {
    return this.#thread.ask(bytes);
  }
  digest(): Promise<string> {
    return this.#thread.ask(null);
  }
  close(): Promise<void> {
    return this.#thread.close();
  }
}
