import type { Migration, Service } from '@guts/contract';
import { Card, CardBody, CardTitle, Label, List, ListItem, PageSection, Title } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMay } from '../api/me.ts';
import { useApp } from '../app.tsx';
import { useMigrations } from '../migrations/queries.ts';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { formatBytes, formatClock, formatRate } from '../shared/format.ts';
import { Loading } from '../shared/Loading.tsx';
import { text } from '../text/index.ts';
import { Limits } from './Limits.tsx';
import { servicesQuery } from './queries.ts';
import { ServiceActions } from './ServiceActions.tsx';

const words = text.workers;

/** The daemons and what each does, the limits, and why something waits. */
export function Workers() {
  const may = useMay();
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">{words.title}</Title>
      </PageSection>
      <PageSection isFilled>
        <div className="guts-report">
          {may('services:list') ? <Services /> : null}
          <Waiting />
          {may('limits') ? <Limits /> : null}
        </div>
      </PageSection>
    </>
  );
}

function Services() {
  const { client } = useApp();
  const may = useMay();
  const { data, error } = useQuery(servicesQuery(client));
  const migrations = useMigrations().data?.byId;
  if (!data) return error ? <ErrorNote error={error} /> : <Loading />;
  const acts = may('services:update');
  const runs = (id: string): readonly Migration[] =>
    [...(migrations?.values() ?? [])].filter(
      ({ worker_id: worker, status }) => worker === id && status === 'running',
    );
  return (
    <Card>
      <CardTitle component="h2">{words.services}</CardTitle>
      <CardBody>
        {data.length === 0 ? words.noServices : null}
        <Table aria-label={words.services} variant="compact" gridBreakPoint="">
          <Thead>
            <Tr>
              {[
                words.host,
                words.binary,
                words.state,
                words.slots,
                words.runs,
                words.bandwidth,
                words.scratch,
                words.seen,
              ].map((title) => (
                <Th key={title}>{title}</Th>
              ))}
              {acts ? <Th screenReaderText={words.actions} /> : null}
            </Tr>
          </Thead>
          <Tbody>
            {data.map((service) => (
              <Tr key={service.id}>
                <Td dataLabel={words.host}>{service.host}</Td>
                <Td dataLabel={words.binary}>
                  {service.binary}
                  <div className="guts-quiet">{service.version}</div>
                </Td>
                <Td dataLabel={words.state}>
                  <State service={service} />
                </Td>
                <Td dataLabel={words.slots}>
                  {isWorker(service) ? words.slotsOf(service.slots_used, service.slots) : text.nothing}
                </Td>
                <Td dataLabel={words.runs}>
                  {isWorker(service) ? <Runs migrations={runs(service.id)} /> : text.nothing}
                </Td>
                <Td dataLabel={words.bandwidth}>{bandwidthOf(service)}</Td>
                <Td dataLabel={words.scratch}>
                  {service.scratch_bytes === null ? text.nothing : formatBytes(service.scratch_bytes)}
                </Td>
                <Td dataLabel={words.seen}>{formatClock(service.heartbeat_at)}</Td>
                {acts ? (
                  <Td isActionCell>
                    <ServiceActions service={service} />
                  </Td>
                ) : null}
              </Tr>
            ))}
          </Tbody>
        </Table>
      </CardBody>
    </Card>
  );
}

const isWorker = ({ binary }: Service): boolean => binary === 'guts-migration';

function bandwidthOf({ bytes_per_second: told, bytes_per_second_limit: limit }: Service): string {
  if (limit !== null) return words.limitedTo(formatRate(limit));
  return told === null ? text.nothing : formatRate(told);
}

function State({
  service: { alive, disabled, draining, disabled_reason: reason },
}: {
  readonly service: Service;
}) {
  if (!alive)
    return (
      <Label isCompact status="danger">
        {words.states.dead}
      </Label>
    );
  if (!disabled)
    return (
      <Label isCompact status="success">
        {words.states.alive}
      </Label>
    );
  return (
    <>
      <Label isCompact status="warning">
        {draining ? words.states.draining : words.states.disabled}
      </Label>
      <div className="guts-quiet">{reason}</div>
    </>
  );
}

const SHOWN = 3;

function Runs({ migrations }: { readonly migrations: readonly Migration[] }) {
  if (migrations.length === 0) return words.runsNothing;
  return (
    <List isPlain>
      {migrations.slice(0, SHOWN).map(({ id, name }) => (
        <ListItem key={id}>
          <Link to="/migrations/$id" params={{ id }}>
            {name}
          </Link>
        </ListItem>
      ))}
      {migrations.length > SHOWN ? <ListItem>{text.wizard.more(migrations.length - SHOWN)}</ListItem> : null}
    </List>
  );
}

/** What waits, by the reason. */
function Waiting() {
  const { data } = useMigrations();
  if (!data) return null;
  const byReason = new Map<string, Migration[]>();
  for (const one of data.byId.values()) {
    if (one.status !== 'queued') continue;
    const reason = one.reason ?? text.migrations.next.queued;
    byReason.set(reason, [...(byReason.get(reason) ?? []), one]);
  }
  return (
    <Card>
      <CardTitle component="h2">{words.waiting}</CardTitle>
      <CardBody>
        {byReason.size === 0 ? words.nothingWaits : null}
        <List isPlain>
          {[...byReason].map(([reason, waiting]) => (
            <ListItem key={reason}>
              <strong>{reason}</strong>
              {': '}
              {waiting.slice(0, SHOWN).map(({ id, name }) => (
                <span key={id}>
                  <Link to="/migrations/$id" params={{ id }}>
                    {name}
                  </Link>{' '}
                </span>
              ))}
              {waiting.length > SHOWN ? text.wizard.more(waiting.length - SHOWN) : null}
            </ListItem>
          ))}
        </List>
      </CardBody>
    </Card>
  );
}
