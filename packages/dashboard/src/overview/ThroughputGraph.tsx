import { useApp } from '../app.tsx';
import { askAll } from '../graph/history.ts';
import { RateGraph } from '../graph/RateGraph.tsx';
import { useThroughput } from '../graph/use-throughput.ts';
import { text } from '../text/index.ts';
import { type RangeName, RANGES } from './overview-search.ts';

/** How fast all copies moved bytes, and do. */
export function ThroughputGraph({ range }: { readonly range: RangeName }) {
  const { client } = useApp();
  const series = useThroughput({
    queryKey: ['throughput', range],
    queryFn: ({ signal }) => askAll(client, RANGES[range], signal),
  });
  const words = text.overview;
  return <RateGraph series={series} label={words.throughputHelp(words.ranges[range])} />;
}
