import { Card, CardBody, CardTitle } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
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
  useEffect(() => {
    if (!data) return;
    const moving = data.some(({ state }) => state === 'copying' || state === 'verifying');
    const rate = moving ? progressOf(data).bytesPerSecond : null;
    setSeries((now) =>
      rate === null && now.at.length === 0 ? now : withPoint(now, dataUpdatedAt / 1000, rate),
    );
  }, [data, dataUpdatedAt]);
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
