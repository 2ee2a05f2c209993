import type { Endpoint } from '@guts/contract';
import {
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
  PageSection,
  Title,
} from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMay } from '../api/me.ts';
import { useApp } from '../app.tsx';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { formatTime } from '../shared/format.ts';
import { Loading } from '../shared/Loading.tsx';
import { text } from '../text/index.ts';
import { EndpointStatus } from './EndpointStatus.tsx';
import { endpointsQuery, type Side } from './queries.ts';

export const SourceList = () => <EndpointList side="source" />;
export const DestinationList = () => <EndpointList side="destination" />;

/** All sources, or all destinations. */
function EndpointList({ side }: { readonly side: Side }) {
  const { client } = useApp();
  const { data, error } = useQuery(endpointsQuery(client, side));
  const words = text.endpoints[side];
  const may = useMay()(`${side}s:create`);
  const add = may ? (
    <Link
      to={side === 'source' ? '/sources/new' : '/destinations/new'}
      className="pf-v6-c-button pf-m-primary"
    >
      {words.add}
    </Link>
  ) : null;
  if (!data) return error ? <ErrorNote error={error} /> : <Loading />;
  return (
    <>
      <PageSection className="guts-head">
        <Title headingLevel="h1">{words.title}</Title>
        {data.length > 0 ? add : null}
      </PageSection>
      <PageSection isFilled>
        {data.length === 0 ? (
          <EmptyState titleText={words.none} headingLevel="h2">
            <EmptyStateBody>{words.noneHelp}</EmptyStateBody>
            <EmptyStateFooter>
              <EmptyStateActions>{add}</EmptyStateActions>
            </EmptyStateFooter>
          </EmptyState>
        ) : (
          <Table aria-label={words.title} variant="compact" gridBreakPoint="">
            <Thead>
              <Tr>
                {[
                  text.endpoints.name,
                  text.endpoints.status,
                  text.endpoints.address,
                  text.endpoints.driver,
                  text.endpoints.validatedAt,
                  text.endpoints.refreshedAt,
                ].map((title) => (
                  <Th key={title}>{title}</Th>
                ))}
              </Tr>
            </Thead>
            <Tbody>
              {data.map((one) => (
                <Row key={one.id} endpoint={one} side={side} />
              ))}
            </Tbody>
          </Table>
        )}
      </PageSection>
    </>
  );
}

export const addressOf = ({ settings }: Endpoint): string =>
  [settings['url'], settings['auth_url']].find((one) => typeof one === 'string') ?? '';
const timeOf = (at: string | null): string => (at === null ? text.endpoints.never : formatTime(at));

function Row({ endpoint, side }: { readonly endpoint: Endpoint; readonly side: Side }) {
  const { id, name, status, driver, validated_at: validated, refreshed_at: refreshed } = endpoint;
  return (
    <Tr>
      <Td dataLabel={text.endpoints.name}>
        <Link to={side === 'source' ? '/sources/$id' : '/destinations/$id'} params={{ id }}>
          {name}
        </Link>
      </Td>
      <Td dataLabel={text.endpoints.status}>
        <EndpointStatus status={status} />
      </Td>
      <Td dataLabel={text.endpoints.address} modifier="breakWord">
        {addressOf(endpoint)}
      </Td>
      <Td dataLabel={text.endpoints.driver}>{driver}</Td>
      <Td dataLabel={text.endpoints.validatedAt}>{timeOf(validated)}</Td>
      <Td dataLabel={text.endpoints.refreshedAt}>{timeOf(refreshed)}</Td>
    </Tr>
  );
}
