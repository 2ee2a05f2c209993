import type { Migration } from '@guts/contract';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery } from '@tanstack/react-query';
import { useApp } from '../app.tsx';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { Loading } from '../shared/Loading.tsx';
import { text } from '../text/index.ts';
import { ArtifactId } from './ArtifactId.tsx';
import { artifactsQuery } from './queries.ts';

/** What was made outside because of a migration, and whether it is still there. */
export function ArtifactsTab({ migration }: { readonly migration: Migration }) {
  const { client } = useApp();
  const { data, error } = useQuery(artifactsQuery(client, migration.id));
  const words = text.migrations.detail.artifacts;
  if (!data) return error ? <ErrorNote error={error} /> : <Loading />;
  if (data.length === 0) return words.none;
  return (
    <Table aria-label={words.label} variant="compact" gridBreakPoint="">
      <Thead>
        <Tr>
          <Th width={15}>{words.kind}</Th>
          <Th width={20}>{words.role}</Th>
          <Th width={15}>{words.where}</Th>
          <Th>{words.id}</Th>
          <Th width={15}>{words.status}</Th>
        </Tr>
      </Thead>
      <Tbody>
        {data.map((one) => (
          <Tr key={one.id}>
            <Td dataLabel={words.kind}>{one.kind.replaceAll('_', ' ')}</Td>
            <Td dataLabel={words.role}>{one.role}</Td>
            <Td dataLabel={words.where}>{words.sides[one.side]}</Td>
            <Td dataLabel={words.id}>
              <ArtifactId artifact={one} migration={migration} />
            </Td>
            <Td dataLabel={words.status}>{words.statuses[one.status]}</Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
