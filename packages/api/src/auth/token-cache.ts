import { createHash } from 'node:crypto';
import { type Clock, GutsError } from '@guts/core';
import type { Authenticator, Caller } from '../authenticator.ts';
import { Turns } from './turns.ts';

/** A token as who issued it knows it at this moment. */
export interface KnownToken {
  readonly caller: Caller;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}
/**
 * Asks who issued a token. Null: unknown there, or not valid any more. An error as the answer: valid, but of no use
 * here. @throws GutsError `identity_unavailable`
 */
export type TokenLookup = (token: string) => Promise<KnownToken | GutsError | null>;

export interface TokenCacheOptions {
  /** How long an answer may be used again; seconds; 0: every request is asked about anew. */
  readonly seconds: number;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
}

interface Remembered {
  readonly answer: KnownToken | GutsError | null;
  /** Monotonic milliseconds. */
  readonly until: number;
}

/** Tokens that are remembered at once, of those that are good and again of those that are not. */
const TOKENS = 10_000;
/** Who shows a bad token again and again is not asked about each time, also when nothing else is remembered. */
const REFUSED_MS = 10_000;
/** Questions under way at once, and how many more may wait for their turn: a flood of tokens stays here. */
const AT_ONCE = 16;
const WAITING = 256;
/** Longer ones are none of Keystone's, in any of its formats. */
const TOKEN = /^[\x21-\x7e]{1,8192}$/;

/**
 * Who shows a token, as its issuer says, asked at most once per `seconds`. Tokens themselves are not kept, only their
 * digests; no answer outlives the token. Who asks at the same moment with one token shares the answer.
 */
export function cachedTokens(lookup: TokenLookup, { seconds, clock }: TokenCacheOptions): Authenticator {
  const good = new Map<string, Remembered>();
  const bad = new Map<string, Remembered>();
  const asked = new Map<string, Promise<Remembered['answer']>>();
  const turns = new Turns(AT_ONCE, WAITING);

  const recall = (memory: Map<string, Remembered>, digest: string): Remembered | null => {
    const found = memory.get(digest);
    if (!found) return null;
    if (clock.monotonic() < found.until) return found;
    memory.delete(digest);
    return null;
  };
  const remember = (memory: Map<string, Remembered>, digest: string, entry: Remembered): void => {
    if (entry.until <= clock.monotonic()) return;
    // The oldest is the next to end: all are kept for the same time.
    for (const oldest of memory.keys()) {
      if (memory.size < TOKENS) break;
      memory.delete(oldest);
    }
    memory.set(digest, entry);
  };
  const ask = async (token: string, digest: string): Promise<Remembered['answer']> => {
    // From before the question: what changes at the issuer meanwhile is not held back for longer.
    const began = clock.monotonic();
    const answer = await turns.run(() => lookup(token));
    if (answer !== null && !(answer instanceof GutsError))
      remember(good, digest, { answer, until: began + seconds * 1000 });
    else remember(bad, digest, { answer, until: began + REFUSED_MS });
    return answer;
  };

  return async (token) => {
    if (token === null || !TOKEN.test(token)) return null;
    const digest = createHash('sha256').update(token).digest('base64');
    const known = recall(good, digest) ?? recall(bad, digest);
    let answer: Remembered['answer'];
    if (known) ({ answer } = known);
    else {
      let question = asked.get(digest);
      if (!question) {
        question = ask(token, digest).finally(() => asked.delete(digest));
        asked.set(digest, question);
      }
      answer = await question;
    }
    if (answer instanceof GutsError) throw answer;
    return answer !== null && clock.now() < answer.expiresAt ? answer.caller : null;
  };
}
