import { createContext, use } from 'react';
import type { FeedState } from './feed.ts';

export const FeedContext = createContext<FeedState>('connecting');
export const useFeedState = (): FeedState => use(FeedContext);
