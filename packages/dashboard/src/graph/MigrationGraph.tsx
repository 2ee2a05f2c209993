import type { Migration } from '@guts/contract';
import { Card, CardBody, CardTitle } from '@patternfly/react-core';
import { useApp } from '../app.tsx';
import { text } from '../text/index.ts';
import { askOne } from './history.ts';
import { RateGraph } from './RateGraph.tsx';
import { useThroughput } from './use-throughput.ts';

/** How fast a migration copied, and does; also when it has ended. */
export function MigrationGraph({ migration: { id, finished_at: end } }: { readonly migration: Migration }) {
  const { client } = useApp();
  const ended = end !== null;
  const series = useThroughput({
    // What tells that the migration changed makes this stale, too.
    queryKey: ['migration', id, 'throughput', end],
    queryFn: ({ signal }) => askOne(client, id, ended, signal),
    only: id,
    ended,
  });
  const words = text.migrations.detail;
  return (
    <Card>
      <CardTitle component="h2">{words.graph}</CardTitle>
      <CardBody>
        {series.values.every((value) => value === 0) ? (
          words.graphEmpty
        ) : (
          <RateGraph series={series} label={words.graphHelp} />
        )}
      </CardBody>
    </Card>
  );
}
