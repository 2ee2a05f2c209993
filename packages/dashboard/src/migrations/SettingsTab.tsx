import type { Migration } from '@guts/contract';
import {
  CodeBlock,
  CodeBlockCode,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  Title,
} from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useApp } from '../app.tsx';
import { endpointsQuery } from '../endpoints/queries.ts';
import { formatTime } from '../shared/format.ts';
import { text } from '../text/index.ts';

/** How a migration was asked for. */
export function SettingsTab({ migration }: { readonly migration: Migration }) {
  const { client } = useApp();
  const sources = useQuery(endpointsQuery(client, 'source')).data;
  const destinations = useQuery(endpointsQuery(client, 'destination')).data;
  const words = text.migrations.detail;
  const nameOf = (all: typeof sources, id: string): string => all?.find((one) => one.id === id)?.name ?? id;
  const time = (at: string | null): string => (at === null ? text.nothing : formatTime(at));
  const facts: readonly (readonly [string, string])[] = [
    [words.source, nameOf(sources, migration.source_id)],
    [words.destination, nameOf(destinations, migration.destination_id)],
    [words.project, migration.target_project ?? words.ownProject],
    [words.mode, words.modes[migration.mode]],
    [words.created, time(migration.created_at)],
    [words.started, time(migration.started_at)],
    [words.finished, time(migration.finished_at)],
    [words.worker, migration.worker_id ?? text.nothing],
    [words.id, migration.id],
  ];
  return (
    <>
      <DescriptionList isHorizontal isCompact columnModifier={{ default: '1Col', xl: '2Col' }}>
        {facts.map(([term, fact]) => (
          <DescriptionListGroup key={term}>
            <DescriptionListTerm>{term}</DescriptionListTerm>
            <DescriptionListDescription>{fact}</DescriptionListDescription>
          </DescriptionListGroup>
        ))}
      </DescriptionList>
      <Title headingLevel="h2" size="md" className="guts-gap">
        {words.spec}
      </Title>
      <CodeBlock>
        <CodeBlockCode>{JSON.stringify(migration.spec, null, 2)}</CodeBlockCode>
      </CodeBlock>
    </>
  );
}
