import { Card, CardBody, CardTitle } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useApp } from '../app.tsx';
import { progressOf } from '../live/progress.ts';
import { disksQuery } from '../migrations/queries.ts';
import { text } from '../text/index.ts';
import { RateGraph } from './RateGraph.tsx';
import { EMPTY, withPoint } from './series.ts';

/** How fast a migration copies. */
export function MigrationGraph({ id }: { readonly id: string }) {
  const { client } = useApp();
  const { data, dataUpdatedAt } = useQuery(disksQuery(client, id));
  const [series, setSeries] = useState(EMPTY);
  const [seen, setSeen] = useState(0);
  if (data && dataUpdatedAt !== seen) {
    setSeen(dataUpdatedAt);
    const moving = data.some(({ state }) => state === 'copying' || state === 'verifying');
    const rate = moving ? progressOf(data).bytesPerSecond : null;
    if (rate !== null || series.at.length > 0) setSeries(withPoint(series, dataUpdatedAt / 1000, rate));
  }
  const words = text.migrations.detail;
  return (
    <Card>
      <CardTitle component="h2">{words.graph}</CardTitle>
      <CardBody>
        {series.at.length === 0 ? words.graphEmpty : <RateGraph series={series} label={words.graphHelp} />}
      </CardBody>
    </Card>
  );
}
