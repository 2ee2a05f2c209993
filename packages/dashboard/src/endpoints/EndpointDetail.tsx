import type { Endpoint, InstanceCheck, Operation } from '@guts/contract';
import {
  Alert,
  Breadcrumb,
  BreadcrumbItem,
  Button,
  Card,
  CardBody,
  CardTitle,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  Flex,
  PageSection,
  Spinner,
  Title,
} from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useCallback, useState } from 'react';
import { useMay } from '../api/me.ts';
import { useApp } from '../app.tsx';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { Findings } from '../shared/Findings.tsx';
import { formatTime } from '../shared/format.ts';
import { Loading } from '../shared/Loading.tsx';
import { useOnce } from '../shared/use-once.ts';
import { text } from '../text/index.ts';
import { fieldsOf } from '../schema-form/fields.ts';
import { EndpointForm } from './EndpointForm.tsx';
import { EndpointStatus } from './EndpointStatus.tsx';
import { fingerprintIn } from './fingerprint.ts';
import {
  driversQuery,
  endpointsQuery,
  isGoing,
  operationsQuery,
  type Side,
  startOperation,
} from './queries.ts';
import { RemoveDialog } from './RemoveDialog.tsx';
import { Untrusted } from './Untrusted.tsx';

export const SourceDetail = () => <EndpointDetail side="source" />;
export const DestinationDetail = () => <EndpointDetail side="destination" />;

const words = text.endpoints;

/** One source or destination: what it is, and what validation found. */
function EndpointDetail({ side }: { readonly side: Side }) {
  const { client } = useApp();
  const { id } = useParams({ strict: false });
  const { data, error } = useQuery(endpointsQuery(client, side));
  const endpoint = data?.find((one) => one.id === id);
  if (!data) return error ? <ErrorNote error={error} /> : <Loading />;
  if (!endpoint) return <Alert variant="warning" isInline title={text.errors.gone} className="guts-lost" />;
  return <Known endpoint={endpoint} side={side} />;
}

function Known({ endpoint, side }: { readonly endpoint: Endpoint; readonly side: Side }) {
  const { client } = useApp();
  const may = useMay();
  const navigate = useNavigate();
  const [editing, setEditing] = useState(false);
  const [removing, setRemoving] = useState(false);
  const operations = useQuery(operationsQuery(client, endpoint.id)).data ?? [];
  const going = operations.filter(isGoing);
  const list = side === 'source' ? '/sources' : '/destinations';
  const untrusted = endpoint.status === 'invalid' ? fingerprintIn(endpoint.status_reason) : null;
  const stop = useCallback(() => setEditing(false), []);
  return (
    <>
      <PageSection type="breadcrumb">
        <Breadcrumb>
          <BreadcrumbItem
            render={({ className }) => (
              <Link to={list} className={className}>
                {words[side].title}
              </Link>
            )}
          />
          <BreadcrumbItem isActive>{endpoint.name}</BreadcrumbItem>
        </Breadcrumb>
      </PageSection>
      <PageSection className="guts-head">
        <Title headingLevel="h1" className="guts-name">
          {endpoint.name} <EndpointStatus status={endpoint.status} />
        </Title>
        {editing ? null : (
          <Flex>
            {side === 'source' ? (
              <Link
                to="/inventory"
                search={{ source: endpoint.name }}
                className="pf-v6-c-button pf-m-primary"
              >
                {words.source.inventory}
              </Link>
            ) : null}
            {may(`${side}s:act`) ? (
              <OperationButtons endpoint={endpoint} side={side} busy={going.length > 0} />
            ) : null}
            {may(`${side}s:update`) ? (
              <Button variant="secondary" onClick={() => setEditing(true)}>
                {words.edit}
              </Button>
            ) : null}
            {may(`${side}s:remove`) ? (
              <Button variant="secondary" isDanger onClick={() => setRemoving(true)}>
                {words.remove}
              </Button>
            ) : null}
          </Flex>
        )}
      </PageSection>
      <PageSection isFilled>
        {editing ? (
          <EndpointForm side={side} endpoint={endpoint} onDone={stop} onCancel={stop} />
        ) : (
          <div className="guts-report">
            {going.map((one) => (
              <Going key={one.id} operation={one} />
            ))}
            {untrusted === null ? (
              <LastFault operations={operations} />
            ) : (
              <Untrusted endpoint={endpoint} side={side} fingerprint={untrusted} />
            )}
            {endpoint.settings['insecure'] === true ? (
              <Alert variant="warning" isInline title={words.insecure} />
            ) : null}
            <Checks endpoint={endpoint} />
            <Settings endpoint={endpoint} />
          </div>
        )}
      </PageSection>
      {removing ? (
        <RemoveDialog
          endpoint={endpoint}
          side={side}
          onClose={() => setRemoving(false)}
          onDone={() => void navigate({ to: list })}
        />
      ) : null}
    </>
  );
}

function OperationButtons({
  endpoint: { id },
  side,
  busy,
}: {
  readonly endpoint: Endpoint;
  readonly side: Side;
  readonly busy: boolean;
}) {
  const { client } = useApp();
  const queries = useQueryClient();
  const start = useOnce(
    useCallback(
      async (action: 'validate' | 'refresh') => {
        await startOperation(client, side, id, action);
        await queries.invalidateQueries({ queryKey: ['operations', id] });
      },
      [client, queries, side, id],
    ),
  );
  return (
    <>
      <Button variant="secondary" isDisabled={busy || start.busy} onClick={() => start.run('validate')}>
        {words.validate}
      </Button>
      <Button variant="secondary" isDisabled={busy || start.busy} onClick={() => start.run('refresh')}>
        {side === 'source' ? words.refresh : words.refreshDestination}
      </Button>
      {start.error === null ? null : <ErrorNote error={start.error} />}
    </>
  );
}

const kindOf = ({ kind }: Operation): string =>
  (words.kinds as Readonly<Record<string, string>>)[kind] ?? kind;

function Going({ operation }: { readonly operation: Operation }) {
  return (
    <Alert
      variant="info"
      isInline
      customIcon={<Spinner size="md" aria-label={text.loading} />}
      title={words.running(kindOf(operation))}
    >
      {operation.progress}
    </Alert>
  );
}

/** Why the last operation failed; nothing once a later one of its kind did not. */
function LastFault({ operations }: { readonly operations: readonly Operation[] }) {
  const [last] = operations.filter((one) => !isGoing(one));
  if (!last || last.status !== 'failed' || last.error === null) return null;
  return (
    <Alert variant="danger" isInline title={words.failed(kindOf(last))}>
      <p>{last.error.message}</p>
      {last.error.remedy === undefined ? null : <p>{last.error.remedy}</p>}
      <p className="guts-quiet">{last.error.code}</p>
    </Alert>
  );
}

function Checks({ endpoint }: { readonly endpoint: Endpoint }) {
  const { findings, facts } = reportOf(endpoint);
  const told = findings.length === 0 ? words.allWell : <Findings findings={findings} />;
  return (
    <Card>
      <CardTitle component="h2">{words.checks}</CardTitle>
      <CardBody>
        {endpoint.validated_at === null ? words.noChecks : null}
        {endpoint.validated_at !== null && endpoint.status === 'valid' ? told : null}
        {endpoint.status === 'invalid' ? (
          findings.length > 0 ? (
            <Findings findings={findings} />
          ) : (
            endpoint.status_reason
          )
        ) : null}
        {facts.length === 0 ? null : <Facts facts={facts} />}
      </CardBody>
    </Card>
  );
}

function Settings({ endpoint }: { readonly endpoint: Endpoint }) {
  const { client } = useApp();
  const driver = useQuery(driversQuery(client)).data?.find(({ name }) => name === endpoint.driver);
  const fields = fieldsOf(driver?.settings);
  const labelOf = (key: string): string => fields.find((field) => field.key === key)?.label ?? key;
  const time = (at: string | null): string => (at === null ? words.never : formatTime(at));
  const facts: [string, string][] = [
    [words.driver, driver?.title ?? endpoint.driver],
    ...Object.entries(endpoint.settings).map(([key, value]): [string, string] => [
      labelOf(key),
      String(value),
    ]),
    [words.validatedAt, time(endpoint.validated_at)],
    [words.refreshedAt, time(endpoint.refreshed_at)],
  ];
  return (
    <Card>
      <CardTitle component="h2">{words.settings}</CardTitle>
      <CardBody>
        <Facts facts={facts} />
      </CardBody>
    </Card>
  );
}

function Facts({ facts }: { readonly facts: readonly (readonly [string, string])[] }) {
  return (
    <DescriptionList
      isHorizontal
      isCompact
      className="guts-gap"
      horizontalTermWidthModifier={{ default: '14rem' }}
    >
      {facts.map(([term, fact]) => (
        <DescriptionListGroup key={term}>
          <DescriptionListTerm>{term}</DescriptionListTerm>
          <DescriptionListDescription className="guts-breaks">{fact}</DescriptionListDescription>
        </DescriptionListGroup>
      ))}
    </DescriptionList>
  );
}

/** A report is what its driver made of it: findings, and facts that are plain values. */
function reportOf({ report }: Endpoint): {
  readonly findings: readonly InstanceCheck['findings'][number][];
  readonly facts: readonly (readonly [string, string])[];
} {
  if (typeof report !== 'object' || report === null) return { findings: [], facts: [] };
  const { findings, ...rest } = report as { findings?: unknown };
  const facts = Object.entries(rest).filter(([, value]) =>
    ['string', 'number', 'boolean'].includes(typeof value),
  );
  return {
    findings: Array.isArray(findings) ? (findings as InstanceCheck['findings']) : [],
    facts: facts.map(([key, value]) => [key.charAt(0).toUpperCase() + key.slice(1), String(value)]),
  };
}
