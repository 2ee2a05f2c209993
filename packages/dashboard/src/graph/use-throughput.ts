import { skipToken, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { MOVING, type Moving } from '../live/progress.ts';
import { useNow } from '../shared/use-now.ts';
import { type History, historyFrom } from './history.ts';
import { type Meter, measured, UNREAD } from './meter.ts';
import { EMPTY, type Series, seriesOf } from './series.ts';

/** Between two questions for what moved; seconds. What was measured meanwhile is then told by the server. */
const LEAST_PAUSE = 60;
/** A piece, where the server tells of none; seconds. */
const PIECE = 20;
const NOTHING: Moving = new Map();

/** What to ask the server for. */
export interface Asked {
  readonly queryKey: readonly unknown[];
  readonly queryFn: (context: { readonly signal: AbortSignal }) => Promise<History>;
  /** Only of this migration. */
  readonly only?: string;
  /** It is over: nothing comes any more. */
  readonly ended?: boolean;
}

interface Live {
  readonly history: History | null;
  readonly moving: Moving;
  readonly meter: Meter;
}

/** How fast bytes moved before the page was opened, and what the stream of events tells since. */
export function useThroughput({ queryKey, queryFn, only, ended = false }: Asked): Series {
  const asked = useQuery({
    queryKey,
    queryFn,
    // Who comes back has not seen what moved meanwhile.
    staleTime: 0,
    refetchInterval: ({ state }) => (ended ? false : Math.max(LEAST_PAUSE, state.data?.seconds ?? 0) * 1000),
  });
  const [opened] = useState(() => Date.now() / 1000);
  const history = useMemo(
    // An older guts-api tells nothing of it, or who looks may not know it: then it is what is seen from here on.
    () => asked.data ?? (asked.error ? historyFrom(opened, PIECE) : null),
    [asked.data, asked.error, opened],
  );
  const { data: moving = NOTHING, dataUpdatedAt } = useQuery<Moving>({
    queryKey: MOVING,
    queryFn: skipToken,
  });
  const [live, setLive] = useState<Live>({ history, moving, meter: UNREAD });
  if (history !== live.history) setLive({ history, moving, meter: UNREAD });
  else if (history && moving !== live.moving && !ended) {
    const own = only === undefined ? moving : new Map([[only, moving.get(only) ?? []]]);
    const at = dataUpdatedAt / 1000 + history.ahead;
    setLive({ history, moving, meter: measured(live.meter, own, at, history.seconds) });
  }
  const now = useNow(history !== null && !ended) * 0.001;
  const { pieces } = live.meter;
  return useMemo(() => {
    if (history === null) return EMPTY;
    return seriesOf(history, pieces, ended ? history.until : now + history.ahead);
  }, [history, pieces, ended, now]);
}
