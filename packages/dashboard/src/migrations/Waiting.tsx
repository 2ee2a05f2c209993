import type { Migration } from '@guts/contract';
import { Card, CardBody, CardTitle, List, ListItem } from '@patternfly/react-core';
import { text } from '../text/index.ts';

/** Why it has no worker yet, as the scheduler last saw it. */
export function Waiting({ migration: { trace, reason, status } }: { readonly migration: Migration }) {
  if (status !== 'queued') return null;
  const words = text.migrations.detail;
  return (
    <Card>
      <CardTitle component="h2">{words.trace}</CardTitle>
      <CardBody>
        <p>{reason ?? text.migrations.next.queued}</p>
        {trace?.limit ? (
          <p>{words.limit(trace.limit.resource, trace.limit.used, trace.limit.limit)}</p>
        ) : null}
        {trace && trace.filters.length > 0 ? (
          <List>
            {trace.filters.map(({ name, left, reason: why }) => (
              <ListItem
                key={name}
              >{`${name}: ${words.traceLeft(left)}${why === null ? '' : ` (${why})`}`}</ListItem>
            ))}
          </List>
        ) : null}
      </CardBody>
    </Card>
  );
}
