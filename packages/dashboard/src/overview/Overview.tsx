import type { Event, Migration } from '@guts/contract';
import { routes } from '@guts/contract';
import {
  Alert,
  Card,
  CardBody,
  CardHeader,
  CardTitle,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  Grid,
  GridItem,
  List,
  ListComponent,
  ListItem,
  OrderType,
  PageSection,
  Title,
  ToggleGroup,
  ToggleGroupItem,
} from '@patternfly/react-core';
import { skipToken, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useMay } from '../api/me.ts';
import { useApp } from '../app.tsx';
import { endpointsQuery } from '../endpoints/queries.ts';
import { RECENT } from '../live/cache-keeper.ts';
import { MOVING, type Moving } from '../live/progress.ts';
import { useMigrations } from '../migrations/queries.ts';
import { StatusLabel } from '../migrations/StatusLabel.tsx';
import { ErrorNote } from '../shared/ErrorNote.tsx';
import { formatBytes, formatClock, formatRate, formatSeconds } from '../shared/format.ts';
import { Loading } from '../shared/Loading.tsx';
import { text } from '../text/index.ts';
import { DEFAULT_RANGE, RANGE_NAMES } from './overview-search.ts';
import { countsOf, needingPerson, wholeOf } from './facts.ts';

const Graph = lazy(async () => ({ default: (await import('./ThroughputGraph.tsx')).ThroughputGraph }));
const words = text.overview;
const route = getRouteApi('/');
const NOTHING: Moving = new Map();
const SHOWN = 8;

/** What runs, waits and failed, how fast bytes move, and what needs a person. */
export function Overview() {
  const { data, error } = useMigrations();
  if (!data) return error ? <ErrorNote error={error} /> : <Loading />;
  return (
    <>
      <PageSection>
        <Title headingLevel="h1">{words.title}</Title>
      </PageSection>
      <PageSection isFilled>
        <div className="guts-report">
          <Health />
          {data.byId.size === 0 ? <FirstSteps /> : null}
          <Tiles all={[...data.byId.values()]} />
          <Copies all={[...data.byId.values()]} />
          <Grid hasGutter>
            <GridItem lg={6}>
              <Attention all={[...data.byId.values()]} />
            </GridItem>
            <GridItem lg={6}>
              <Recent />
            </GridItem>
          </Grid>
        </div>
      </PageSection>
    </>
  );
}

function Health() {
  const { client } = useApp();
  const may = useMay()('health_report');
  const { data } = useQuery({
    queryKey: ['services', 'health'],
    queryFn: ({ signal }) => client.call(routes.healthReport, { signal }),
    enabled: may,
    refetchInterval: 30_000,
  });
  return data?.problems.map(({ message, remedy }) => (
    <Alert key={message} variant="warning" isInline title={message}>
      {remedy}
    </Alert>
  ));
}

function FirstSteps() {
  const { client } = useApp();
  const may = useMay();
  const sources = useQuery(endpointsQuery(client, 'source')).data;
  const destinations = useQuery(endpointsQuery(client, 'destination')).data;
  if (!may('migrations:create') || !sources || !destinations) return null;
  return (
    <Card>
      <CardTitle component="h2">{words.firstTitle}</CardTitle>
      <CardBody>
        <p>{words.firstHelp}</p>
        <List component={ListComponent.ol} type={OrderType.number} className="guts-gap">
          <ListItem>
            {sources.length > 0 ? (
              <s>{words.firstSource}</s>
            ) : (
              <Link to="/sources/new">{words.firstSource}</Link>
            )}
          </ListItem>
          <ListItem>
            {destinations.length > 0 ? (
              <s>{words.firstDestination}</s>
            ) : (
              <Link to="/destinations/new">{words.firstDestination}</Link>
            )}
          </ListItem>
          <ListItem>
            <Link to="/inventory">{words.firstMigration}</Link>
          </ListItem>
        </List>
      </CardBody>
    </Card>
  );
}

function Tiles({ all }: { readonly all: readonly Migration[] }) {
  const counts = countsOf(all);
  const tiles = [
    [words.running, counts.running, 'active'],
    [words.waiting, counts.waiting, 'active'],
    [words.failed, counts.failed, 'attention'],
    [words.done, counts.completed, undefined],
  ] as const;
  return (
    <Grid hasGutter md={6} xl={3}>
      {tiles.map(([name, count, group]) => (
        <GridItem key={name}>
          <Card isCompact isFullHeight>
            <CardBody>
              <Link to="/migrations" search={group === undefined ? {} : { group }} className="guts-tile">
                <span className="guts-number">{count}</span> <span>{name}</span>
              </Link>
            </CardBody>
          </Card>
        </GridItem>
      ))}
    </Grid>
  );
}

/** How far back the graph goes; it stands in the address. */
function RangeChoice() {
  const { range: chosen = DEFAULT_RANGE } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <ToggleGroup aria-label={words.rangeLabel} isCompact>
      {RANGE_NAMES.map((range) => (
        <ToggleGroupItem
          key={range}
          text={words.rangesShort[range]}
          isSelected={range === chosen}
          onChange={() => void navigate({ search: range === DEFAULT_RANGE ? {} : { range }, replace: true })}
        />
      ))}
    </ToggleGroup>
  );
}

function Copies({ all }: { readonly all: readonly Migration[] }) {
  // Told by the stream of events, of all that run, as soon as it is open.
  const { data: moving = NOTHING } = useQuery<Moving>({ queryKey: MOVING, queryFn: skipToken });
  const whole = wholeOf(all, moving);
  const { range = DEFAULT_RANGE } = route.useSearch();
  const facts: readonly (readonly [string, string])[] = [
    [words.rateNow, whole.bytesPerSecond === null ? text.nothing : formatRate(whole.bytesPerSecond)],
    [words.moved, formatBytes(whole.bytesDone)],
    [words.left, formatBytes(whole.bytesTotal - whole.bytesDone)],
    [
      words.forecast,
      whole.etaSeconds === null ? words.forecastNone : words.forecastIn(formatSeconds(whole.etaSeconds)),
    ],
  ];
  return (
    <Card>
      <CardHeader actions={{ actions: <RangeChoice />, hasNoOffset: true }}>
        <CardTitle component="h2">{words.throughput}</CardTitle>
      </CardHeader>
      <CardBody>
        <DescriptionList isCompact columnModifier={{ default: '2Col' }}>
          {facts.map(([term, fact]) => (
            <DescriptionListGroup key={term}>
              <DescriptionListTerm>{term}</DescriptionListTerm>
              <DescriptionListDescription>{fact}</DescriptionListDescription>
            </DescriptionListGroup>
          ))}
        </DescriptionList>
        <Suspense fallback={null}>
          <Graph range={range} />
        </Suspense>
      </CardBody>
    </Card>
  );
}

function Attention({ all }: { readonly all: readonly Migration[] }) {
  const needing = needingPerson(all);
  return (
    <Card isFullHeight>
      <CardTitle component="h2">{words.attention}</CardTitle>
      <CardBody>
        {needing.length === 0 ? words.nothingNeeded : null}
        <List isPlain>
          {needing.slice(0, SHOWN).map(({ id, name, status, error }) => (
            <ListItem key={id}>
              <StatusLabel status={status} />{' '}
              <Link to="/migrations/$id" params={{ id }}>
                {name}
              </Link>
              {error === null ? null : <div className="guts-quiet guts-breaks">{error.message}</div>}
            </ListItem>
          ))}
        </List>
        {needing.length > SHOWN ? (
          <Link to="/migrations" search={{ group: 'attention' }}>
            {text.wizard.more(needing.length - SHOWN)}
          </Link>
        ) : null}
      </CardBody>
    </Card>
  );
}

function Recent() {
  const { client } = useApp();
  const { data } = useQuery({
    queryKey: ['recent'],
    queryFn: async ({ signal }): Promise<readonly Event[]> => {
      const query = { newest: 'true' as const, limit: String(RECENT) };
      const { events } = await client.call(routes.events.list, { query, signal });
      return events.toSorted((a, b) => b.sequence - a.sequence);
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  const migrations = useMigrations().data?.byId;
  return (
    <Card isFullHeight>
      <CardTitle component="h2">{words.recent}</CardTitle>
      <CardBody>
        {data?.length === 0 ? words.noEvents : null}
        <List isPlain>
          {data?.slice(0, SHOWN).map(({ sequence, at, message, resource_id: id }) => {
            const migration = migrations?.get(id);
            return (
              <ListItem key={sequence} className="guts-breaks">
                <span className="guts-quiet">{formatClock(at)}</span>{' '}
                {migration ? (
                  <Link to="/migrations/$id" params={{ id }}>
                    {migration.name}
                  </Link>
                ) : null}{' '}
                {message}
              </ListItem>
            );
          })}
        </List>
      </CardBody>
    </Card>
  );
}
