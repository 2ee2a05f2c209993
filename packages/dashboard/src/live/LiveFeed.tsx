import { routes } from '@guts/contract';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useApp } from '../app.tsx';
import { useSession } from '../login/SessionGate.tsx';
import { CacheKeeper } from './cache-keeper.ts';
import { Feed, type FeedState } from './feed.ts';
import { CONNECTING, FeedContext, type FeedFacts } from './feed-state.ts';
import { refusalAt } from './refusal.ts';
import { streamAddress } from './stream-address.ts';

/** Of a cut shorter than this nobody is told; milliseconds. */
const SHORT_CUT_MS = 1500;

/** Keeps what is shown as it is now, by the one stream of events of this page. */
export function LiveFeed({ children }: { readonly children: ReactNode }) {
  const { boot, client } = useApp();
  const queries = useQueryClient();
  const [facts, setFacts] = useState<FeedFacts>(CONNECTING);
  const running = useRef<Feed | null>(null);
  useEffect(() => {
    const keeper = new CacheKeeper(queries, client);
    let cut: ReturnType<typeof setTimeout> | null = null;
    let opened = false;
    let refused: unknown = null;
    const onState = (now: FeedState, refusal: unknown): void => {
      refused = refusal;
      if (now === 'lost') {
        // Once somebody was told, they are told what is known.
        setFacts((before) =>
          before.state === 'lost' && refusal !== null ? { state: 'lost', refusal } : before,
        );
        cut ??= setTimeout(() => {
          setFacts({ state: 'lost', refusal: refused });
          // Perhaps it is the session that ended.
          if (boot.mode === 'alone') void queries.invalidateQueries({ queryKey: ['session'] });
        }, SHORT_CUT_MS);
        return;
      }
      if (cut !== null) clearTimeout(cut);
      cut = null;
      setFacts({ state: now, refusal: null });
      if (now !== 'open') return;
      // What no event tells may have changed meanwhile.
      if (opened) keeper.refreshAll();
      else keeper.begin();
      opened = true;
    };
    const feed = new Feed({
      newest: async () => {
        const { events } = await client.call(routes.events.list, { query: { newest: 'true', limit: '1' } });
        return events.at(-1)?.sequence ?? 0;
      },
      address: (after) => streamAddress(boot, client, location.origin, after),
      open: (address) => new EventSource(address),
      refusalAt: (address) => refusalAt(address, window.fetch.bind(window)),
      later: (ms, work) => {
        const timer = setTimeout(work, ms);
        return () => clearTimeout(timer);
      },
      onEvents: (events) => keeper.take(events),
      onProgress: (data) => keeper.progress(data),
      onState,
    });
    running.current = feed;
    feed.start();
    return () => {
      feed.close();
      keeper.close();
      if (cut !== null) clearTimeout(cut);
    };
  }, [boot, client, queries]);
  const session = useSession()?.session?.csrf_token;
  useEffect(() => {
    // Somebody logged in again: no reason to wait any longer.
    if (session !== undefined) running.current?.hurry();
  }, [session]);
  return <FeedContext value={facts}>{children}</FeedContext>;
}
