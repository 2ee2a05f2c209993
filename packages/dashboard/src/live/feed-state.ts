import { createContext, use } from 'react';
import type { FeedState } from './feed.ts';

export interface FeedFacts {
  readonly state: FeedState;
  /** What was answered instead of a stream; null: nothing. */
  readonly refusal: unknown;
}

export const CONNECTING: FeedFacts = { state: 'connecting', refusal: null };
export const FeedContext = createContext<FeedFacts>(CONNECTING);
export const useFeed = (): FeedFacts => use(FeedContext);
