import { useEffect, useEffectEvent, useState } from 'react';
import { RateGraph } from '../graph/RateGraph.tsx';
import { EMPTY, withPoint } from '../graph/series.ts';
import { text } from '../text/index.ts';

const EVERY_MS = 2000;

/** The rate of all copies, measured while one looks. */
export function ThroughputGraph({ rate }: { readonly rate: number | null }) {
  const [series, setSeries] = useState(EMPTY);
  const measure = useEffectEvent(() => setSeries((now) => withPoint(now, Date.now() / 1000, rate ?? 0)));
  useEffect(() => {
    const timer = setInterval(() => measure(), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return <RateGraph series={series} label={text.overview.throughputHelp} />;
}
