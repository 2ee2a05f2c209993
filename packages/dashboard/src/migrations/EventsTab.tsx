import type { Migration } from '@guts/contract';
import { Label } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery } from '@tanstack/react-query';
import { useApp } from '../app.tsx';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { formatTime } from '../shared/format.ts';
import { Loading } from '../shared/Loading.tsx';
import { text } from '../text/index.ts';
import { migrationEventsQuery } from './queries.ts';

const COLORS = { information: 'grey', warning: 'yellow', error: 'red' } as const;

/** What happened to a migration, the last first. */
export function EventsTab({ migration }: { readonly migration: Migration }) {
  const { client } = useApp();
  const { data, error } = useQuery(migrationEventsQuery(client, migration.id));
  const words = text.migrations.detail.events;
  if (!data) return error ? <ErrorNote error={error} /> : <Loading />;
  if (data.length === 0) return words.none;
  return (
    <Table aria-label={words.label} variant="compact" gridBreakPoint="">
      <Thead>
        <Tr>
          <Th width={20}>{words.time}</Th>
          <Th width={20}>{words.type}</Th>
          <Th>{words.what}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {data.toReversed().map(({ sequence, at, severity, type, message }) => (
          <Tr key={sequence}>
            <Td dataLabel={words.time}>{formatTime(at)}</Td>
            <Td dataLabel={words.type}>
              <Label isCompact color={COLORS[severity]}>
                {type}
              </Label>
            </Td>
            <Td dataLabel={words.what}>{message}</Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
